// SPDX-License-Identifier: GPL-2.0
/* How long threads that could run waited for a CPU, as a histogram. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include <gadget/bits.bpf.h>
#include <gadget/core_fixes.bpf.h>
#include <gadget/macros.h>
#include <gadget/maps.bpf.h>
#include <gadget/types.h>

#define MAX_THREADS 10240
#define MAX_CPUS 1024
#define SLOTS 27

struct hist_key {
	/* 0: of all CPUs together. */
	__u32 cpu;
};

struct hist {
	gadget_histogram_slot__u32 latency[SLOTS];
};

/* When each thread became able to run. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_THREADS);
	__type(key, __u32);
	__type(value, __u64);
} runnable_since SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CPUS);
	__type(key, struct hist_key);
	__type(value, struct hist);
} hists SEC(".maps");

GADGET_MAPITER(runqlat, hists);

const volatile gadget_pid targ_pid = 0;
GADGET_PARAM(targ_pid);

const volatile bool by_cpu = false;
GADGET_PARAM(by_cpu);

static __always_inline void start(struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	__u64 now;

	/* The idle thread of a CPU never waits. */
	if (!tid || (targ_pid && targ_pid != BPF_CORE_READ(task, tgid)))
		return;
	now = bpf_ktime_get_ns();
	bpf_map_update_elem(&runnable_since, &tid, &now, BPF_ANY);
}

SEC("raw_tp/sched_wakeup")
int on_wakeup(struct bpf_raw_tracepoint_args *ctx)
{
	start((struct task_struct *)ctx->args[0]);
	return 0;
}

SEC("raw_tp/sched_wakeup_new")
int on_wakeup_new(struct bpf_raw_tracepoint_args *ctx)
{
	start((struct task_struct *)ctx->args[0]);
	return 0;
}

SEC("raw_tp/sched_switch")
int on_switch(struct bpf_raw_tracepoint_args *ctx)
{
	static const struct hist none = {};
	struct task_struct *prev = (struct task_struct *)ctx->args[1];
	struct task_struct *next = (struct task_struct *)ctx->args[2];
	struct hist_key key = {};
	struct hist *hist;
	__u64 *since;
	__u32 tid;
	__u64 slot;

	/* Taken off its CPU although it could go on. */
	if (get_task_state(prev) == 0)
		start(prev);

	tid = BPF_CORE_READ(next, pid);
	since = bpf_map_lookup_elem(&runnable_since, &tid);
	if (!since)
		return 0;
	slot = get_slot_idx((bpf_ktime_get_ns() - *since) / 1000);
	bpf_map_delete_elem(&runnable_since, &tid);
	if (slot >= SLOTS)
		slot = SLOTS - 1;
	if (by_cpu)
		key.cpu = bpf_get_smp_processor_id();
	hist = bpf_map_lookup_or_try_init(&hists, &key, &none);
	if (hist)
		__sync_fetch_and_add(&hist->latency[slot], 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
