// SPDX-License-Identifier: GPL-2.0
/* Reports the signals that processes send to each other. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include <gadget/buffer.h>
#include <gadget/common.h>
#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/types.h>

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;

	__u32 target_pid;
	gadget_signal sig_raw;
	gadget_errno error_raw;
};

struct sent {
	__u32 target_pid;
	__u32 sig;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct sent);
} pending SEC(".maps");

GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(kill, events, event);

const volatile __s32 only_signal = 0;
GADGET_PARAM(only_signal);

SEC("tracepoint/syscalls/sys_enter_kill")
int enter_kill(struct syscall_trace_enter *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct sent sent = {
		.target_pid = ctx->args[0],
		.sig = ctx->args[1],
	};

	if (gadget_should_discard_data_current())
		return 0;
	if (only_signal && sent.sig != only_signal)
		return 0;
	bpf_map_update_elem(&pending, &tid, &sent, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_kill")
int exit_kill(struct syscall_trace_exit *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct sent *sent = bpf_map_lookup_elem(&pending, &tid);
	struct event *event;

	if (!sent)
		return 0;
	event = gadget_reserve_buf(&events, sizeof(*event));
	if (event) {
		event->timestamp_raw = bpf_ktime_get_boot_ns();
		gadget_process_populate(&event->proc);
		event->target_pid = sent->target_pid;
		event->sig_raw = sent->sig;
		event->error_raw = ctx->ret < 0 ? -ctx->ret : 0;
		gadget_submit_buf(ctx, &events, event, sizeof(*event));
	}
	bpf_map_delete_elem(&pending, &tid);
	return 0;
}

char _license[] SEC("license") = "GPL";
