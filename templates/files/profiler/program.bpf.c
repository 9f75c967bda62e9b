// SPDX-License-Identifier: GPL-2.0
/* How long writes take, as a histogram. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include <gadget/filter.h>
#include <gadget/histogram.h>
#include <gadget/macros.h>
#include <gadget/maps.bpf.h>
#include <gadget/types.h>

#define MAX_THREADS 10240

/* When each thread that is in write(2) entered it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_THREADS);
	__type(key, __u32);
	__type(value, __u64);
} entered SEC(".maps");

struct latency_key {
	__u32 failed;
};

struct latency {
	gadget_histogram_slot__u64 took[GADGET_HISTOGRAM_SLOTS];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, struct latency_key);
	__type(value, struct latency);
} latencies SEC(".maps");

/* The data source, and the map that holds its histograms. */
GADGET_MAPITER(@name@, latencies);

SEC("tracepoint/syscalls/sys_enter_write")
int @name@_enter(struct trace_event_raw_sys_enter *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();

	/* --pid, --uid, --comm and the like, which every gadget has. */
	if (gadget_should_discard_data_current())
		return 0;
	bpf_map_update_elem(&entered, &tid, &now, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_write")
int @name@_exit(struct trace_event_raw_sys_exit *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	static const struct latency none = {};
	struct latency_key key = { .failed = ctx->ret < 0 };
	struct latency *latency;
	__u64 *since;

	since = bpf_map_lookup_elem(&entered, &tid);
	if (!since)
		return 0;
	latency = bpf_map_lookup_or_try_init(&latencies, &key, &none);
	if (latency)
		gadget_histogram_add(latency->took,
				     (bpf_ktime_get_ns() - *since) / 1000);
	bpf_map_delete_elem(&entered, &tid);
	return 0;
}

char _license[] SEC("license") = "GPL";
