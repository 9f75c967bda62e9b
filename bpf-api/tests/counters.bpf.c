// SPDX-License-Identifier: GPL-2.0
/*
 * gadget/counters.h. The program named check can be run by BPF_PROG_TEST_RUN:
 * it returns 0 or the line of the check that failed.
 */
#include <vmlinux.h>
#include <gadget/counters.h>

struct traffic {
	gadget_counter__u32 events;
	gadget_counter__u64 bytes;
	gadget_gauge__u32 open;
	gadget_gauge__u64 used;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct traffic);
} states SEC(".maps");

GADGET_PERCPU_COUNTER(lost);

SEC("socket")
int check(struct __sk_buff *skb)
{
	struct traffic *state;
	__u64 *count, before;
	__u32 zero = 0;

	state = bpf_map_lookup_elem(&states, &zero);
	count = bpf_map_lookup_elem(&lost, &zero);
	if (!state || !count)
		return __LINE__;
	__builtin_memset(state, 0, sizeof(*state));

	gadget_counter_inc(&state->events);
	gadget_counter_add(&state->events, 2);
	gadget_counter_add(&state->bytes, 1ULL << 40);
	gadget_counter_inc(&state->bytes);
	gadget_gauge_set(&state->open, 10);
	gadget_gauge_sub(&state->open, 3);
	gadget_gauge_set(&state->used, 1ULL << 40);
	gadget_gauge_add(&state->used, 5);
	if (state->events != 3 || state->bytes != (1ULL << 40) + 1)
		return __LINE__;
	if (state->open != 7 || state->used != (1ULL << 40) + 5)
		return __LINE__;

	before = *count;
	lost_inc();
	lost_add(4);
	return *count == before + 5 ? 0 : __LINE__;
}

char _license[] SEC("license") = "GPL";
