/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Logarithms for power-of-two histograms. Needs vmlinux.h. */
#ifndef __GADGET_BITS_BPF_H
#define __GADGET_BITS_BPF_H

#include <bpf/bpf_helpers.h>

/* log2 - floor of the binary logarithm; 0 for 0. */
static __always_inline u64 log2(u32 v)
{
	u32 result = 0;

#pragma unroll
	for (u32 step = 16; step > 0; step /= 2) {
		if (v >> step) {
			v >>= step;
			result += step;
		}
	}
	return result;
}

/*
 * get_slot_idx - slot of a value in a power-of-two histogram
 *
 * 0 for 0, else floor(log2(v)) + 1 of a value below 2^32; the logarithm of the
 * high word counts from 33.
 */
static __always_inline u64 get_slot_idx(u64 v)
{
	u32 high = v >> 32;

	if (high)
		return log2(high) + 33;
	return v ? log2((u32)v) + 1 : 0;
}

#endif /* __GADGET_BITS_BPF_H */
