// SPDX-License-Identifier: GPL-2.0
/*
 * gadget/histogram.h. The programs named check can be run by
 * BPF_PROG_TEST_RUN: they return 0 or the line of the check that failed.
 */
#include <vmlinux.h>
#include <gadget/histogram.h>

struct histograms {
	gadget_histogram_slot__u32 latency[GADGET_HISTOGRAM_SLOTS];
	gadget_histogram_slot__u64 sizes[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct histograms);
} histograms SEC(".maps");

/* Read from memory, so that the program calculates and not the compiler. */
volatile __u64 value_in[] = { 0, 1, 2, 3, 4, 1023, 1024, 1ULL << 32, ~0ULL };
volatile __u32 slot_out[] = { 0, 1, 2, 2, 3, 10, 11, 33, 64 };
volatile __u64 huge = ~0ULL, five = 5;

SEC("socket")
int check_slots(struct __sk_buff *skb)
{
#pragma unroll
	for (int i = 0; i < 9; i++) {
		if (gadget_histogram_slot(value_in[i]) != slot_out[i])
			return __LINE__;
	}
	if (gadget_histogram_linear_slot(five, 10, 5) != 0 ||
	    gadget_histogram_linear_slot(five, 0, 2) != 2 ||
	    gadget_histogram_linear_slot(five, 0, 0) != 0 ||
	    gadget_histogram_linear_slot(huge, 0, 1) != 0xffffffff)
		return __LINE__;
	return 0;
}

SEC("socket")
int check_counts(struct __sk_buff *skb)
{
	struct histograms *all;
	__u32 zero = 0;

	all = bpf_map_lookup_elem(&histograms, &zero);
	if (!all)
		return __LINE__;
	__builtin_memset(all, 0, sizeof(*all));

	gadget_histogram_add(all->latency, five);
	gadget_histogram_add_n(all->latency, five, 6);
	gadget_histogram_add(all->latency, huge);
	gadget_histogram_add_linear(all->sizes, five, 0, 2);
	gadget_histogram_add_linear(all->sizes, huge, 0, 2);
	if (all->latency[3] != 7 || all->latency[GADGET_HISTOGRAM_SLOTS - 1] != 1)
		return __LINE__;
	if (all->sizes[2] != 1 || all->sizes[3] != 1 || all->sizes[0] || all->sizes[1])
		return __LINE__;
	return 0;
}

char _license[] SEC("license") = "GPL";
