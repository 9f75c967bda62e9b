// SPDX-License-Identifier: GPL-2.0
/*
 * gadget/bits.bpf.h. The program can be run by BPF_PROG_TEST_RUN: it returns 0
 * or the line of the check that failed.
 */
#include <vmlinux.h>
#include <gadget/bits.bpf.h>

/* Read from memory, so that the program calculates and not the compiler. */
volatile u32 log2_in[] = { 0, 1, 2, 3, 4, 255, 256, 0x80000000, 0xffffffff };
volatile u64 log2_out[] = { 0, 0, 1, 1, 2, 7, 8, 31, 31 };
volatile u64 slot_in[] = { 0, 1, 2, 3, 4, 1ULL << 31, 1ULL << 32, 1ULL << 33, ~0ULL };
volatile u64 slot_out[] = { 0, 1, 2, 2, 3, 32, 33, 34, 64 };

SEC("socket")
int check(struct __sk_buff *skb)
{
#pragma unroll
	for (int i = 0; i < 9; i++) {
		if (log2(log2_in[i]) != log2_out[i])
			return __LINE__;
		if (get_slot_idx(slot_in[i]) != slot_out[i])
			return __LINE__;
	}
	return 0;
}

char _license[] SEC("license") = "GPL";
