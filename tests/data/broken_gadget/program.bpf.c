// SPDX-License-Identifier: GPL-2.0
// Three mistakes that every other tool lets pass: the build is clean, and nothing happens at run time.
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <gadget/buffer.h>
#include <gadget/macros.h>
#include <gadget/types.h>

struct event {
	gadget_timestamp timestamp_raw;
	__u32 pid;
};

GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(unlink, evnets, event);

SEC("kprobee/do_unlinkat")
int on_unlink(struct pt_regs *ctx)
{
	struct event *event = gadget_reserve_buf(&events, sizeof(*event));

	if (!event)
		return 0;
	event->timestamp_raw = bpf_ktime_get_boot_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
