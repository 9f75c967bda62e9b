// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct trace_event_raw_sched_switch {
	__u64 common;
	char prev_comm[16];
};

struct trace_event_raw_sched_process_exec {
	__u64 common;
	__u32 pid;
};

SEC("tracepoint/sched/sched_process_exec")
int on_event(struct trace_event_raw_sched_switch *ctx)
{
	return ctx->prev_comm[0];
}

char LICENSE[] SEC("license") = "GPL";
