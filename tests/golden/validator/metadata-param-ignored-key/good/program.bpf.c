// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>
#define GADGET_NO_BUF_RESERVE
#include <gadget/buffer.h>
#include <gadget/types.h>

struct event {
	gadget_timestamp timestamp_raw;
	gadget_pid pid;
	__u32 size;
};

GADGET_TRACER_MAP(events, 1024 * 256);

GADGET_TRACER(open, events, event);

const volatile __u32 min_size = 0;
GADGET_PARAM(min_size);

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(void *ctx)
{
	struct event event = {};

	if (min_size)
		return 0;

	return gadget_output_buf(ctx, &events, &event, sizeof(event));
}

char LICENSE[] SEC("license") = "GPL";
