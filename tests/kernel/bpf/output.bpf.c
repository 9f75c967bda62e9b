// SPDX-License-Identifier: GPL-2.0
// Sends the same record through a ring buffer, or through a perf buffer when the kernel (or the user) has no rings.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 target_tgid = 0;
const volatile int use_ring = 1;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

struct sys_enter {
	__u64 common;
	__s64 id;
	__u64 args[6];
};

SEC("tracepoint/syscalls/sys_enter_getpgid")
int on_call(struct sys_enter *ctx)
{
	__u64 value = ctx->args[0];

	if (bpf_get_current_pid_tgid() >> 32 != target_tgid)
		return 0;
	if (use_ring)
		bpf_ringbuf_output(&events, &value, sizeof(value), 0);
	else
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &value, sizeof(value));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
