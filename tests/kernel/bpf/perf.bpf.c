// SPDX-License-Identifier: GPL-2.0
// Sends the argument of getpgid() through a perf buffer and keeps the result of the last attempt.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 target_tgid = 0;
__s64 last_result = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} sent SEC(".maps");

struct sys_enter {
	__u64 common;
	__s64 id;
	__u64 args[6];
};

SEC("tracepoint/syscalls/sys_enter_getpgid")
int on_tracepoint(struct sys_enter *ctx)
{
	__u64 payload[16] = {};
	__u32 zero = 0;
	__u64 *value;

	if (bpf_get_current_pid_tgid() >> 32 != target_tgid)
		return 0;
	payload[0] = ctx->args[0];
	payload[15] = ~ctx->args[0];
	last_result = bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, payload, sizeof(payload));
	value = bpf_map_lookup_elem(&sent, &zero);
	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
