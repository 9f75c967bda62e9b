/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Histograms: arrays of gadget_histogram_slot__u32 or gadget_histogram_slot__u64
 * in the values of a map. Slot i counts the values v with 2^(i-1) <= v < 2^i,
 * slot 0 counts zeroes: the intervals that userspace expects of such an array.
 *
 *   struct latency {
 *           gadget_histogram_slot__u32 slots[GADGET_HISTOGRAM_SLOTS];
 *   };
 *   gadget_histogram_add(latency->slots, microseconds);
 *
 * Include vmlinux.h or linux/bpf.h first.
 */
#ifndef __GADGET_HISTOGRAM_H
#define __GADGET_HISTOGRAM_H

#include <bpf/bpf_helpers.h>

#include <gadget/types.h>

/* Enough for a minute in microseconds. */
#define GADGET_HISTOGRAM_SLOTS 27

/* gadget_histogram_slot - where a value belongs: the bits that it takes. */
static __always_inline __u32 gadget_histogram_slot(__u64 value)
{
	__u32 slot = 0;

#pragma unroll
	for (__u32 step = 32; step > 0; step /= 2) {
		if (value >> step) {
			value >>= step;
			slot += step;
		}
	}
	/* What is left is 0 or 1. */
	return slot + (__u32)value;
}

/* The same for intervals of one width; values below min are in slot 0. */
static __always_inline __u32 gadget_histogram_linear_slot(__u64 value,
							  __u64 min,
							  __u64 width)
{
	__u64 slot = value > min && width ? (value - min) / width : 0;

	return slot < 0xffffffff ? slot : 0xffffffff;
}

#define __gadget_histogram_count(slots, index, n)                             \
	({                                                                    \
		__u32 __gadget_slot = (index);                                \
		const __u32 __gadget_last = sizeof(slots) / sizeof((slots)[0]) - 1; \
                                                                              \
		_Static_assert(!__builtin_types_compatible_p(                 \
				       __typeof__(slots),                     \
				       __typeof__(&(slots)[0])),              \
			       "slots is an array, not a pointer");           \
		if (__gadget_slot > __gadget_last)                            \
			__gadget_slot = __gadget_last;                        \
		/* The verifier must see the bound that was checked. */       \
		barrier_var(__gadget_slot);                                   \
		if (__gadget_slot <= __gadget_last)                           \
			(void)__sync_fetch_and_add(&(slots)[__gadget_slot], n); \
	})

/*
 * gadget_histogram_add - count a value, atomically
 * @slots: the array itself; what exceeds it is counted in its last slot
 */
#define gadget_histogram_add(slots, value) \
	__gadget_histogram_count(slots, gadget_histogram_slot(value), 1)

/* gadget_histogram_add_n - count a value that occurred n times. */
#define gadget_histogram_add_n(slots, value, n) \
	__gadget_histogram_count(slots, gadget_histogram_slot(value), (n))

/* gadget_histogram_add_linear - count a value in intervals of one width. */
#define gadget_histogram_add_linear(slots, value, min, width)      \
	__gadget_histogram_count(                                  \
		slots, gadget_histogram_linear_slot((value), (min), (width)), 1)

#endif /* __GADGET_HISTOGRAM_H */
