// SPDX-License-Identifier: GPL-2.0
/* Counts the system calls of processes, and the time spent in them. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include <gadget/core_fixes.bpf.h>
#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/maps.bpf.h>
#include <gadget/mntns.h>
#include <gadget/types.h>

#define MAX_CALLS 10240

/* Who does what; a row for each. */
struct call_key {
	gadget_syscall syscall_raw;
	gadget_mntns_id mntns_id;
	gadget_pid pid;
	gadget_comm comm[TASK_COMM_LEN];
	__u32 __padding;
};

struct call_stats {
	__u64 calls;
	__u64 errors;
	gadget_duration time_raw;
};

struct pending_call {
	__u64 start;
	__u64 syscall;
};

/* Calls under way, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_CALLS);
	__type(key, __u32);
	__type(value, struct pending_call);
} pending_calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CALLS);
	__type(key, struct call_key);
	__type(value, struct call_stats);
} calls SEC(".maps");

GADGET_MAPITER(syscalls, calls);

SEC("raw_tp/sys_enter")
int on_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct pending_call call = {};
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if (gadget_should_discard_data_current())
		return 0;
	call.start = bpf_ktime_get_ns();
	call.syscall = ctx->args[1];
	bpf_map_update_elem(&pending_calls, &tid, &call, BPF_ANY);
	return 0;
}

SEC("raw_tp/sys_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
	static const struct call_stats none = {};
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)pid_tgid;
	struct call_key key = {};
	struct pending_call *call;
	struct call_stats *stats;

	call = bpf_map_lookup_elem(&pending_calls, &tid);
	if (!call)
		return 0;
	key.syscall_raw = call->syscall;
	key.pid = pid_tgid >> 32;
	key.mntns_id = gadget_get_current_mntns_id();
	bpf_get_current_comm(&key.comm, sizeof(key.comm));

	stats = bpf_map_lookup_or_try_init(&calls, &key, &none);
	if (stats) {
		__sync_fetch_and_add(&stats->calls, 1);
		__sync_fetch_and_add(&stats->time_raw,
				     bpf_ktime_get_ns() - call->start);
		if ((long)ctx->args[1] < 0)
			__sync_fetch_and_add(&stats->errors, 1);
	}
	bpf_map_delete_elem(&pending_calls, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
