/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Counters and gauges: numbers that several CPUs change at once. They are
 * members of the values of a map that GADGET_MAPITER names, with the types
 * gadget_counter__u64, gadget_gauge__u64 and their __u32 kinds, or the one
 * number of a map made by GADGET_PERCPU_COUNTER.
 *
 * Include vmlinux.h or linux/bpf.h first.
 */
#ifndef __GADGET_COUNTERS_H
#define __GADGET_COUNTERS_H

#include <bpf/bpf_helpers.h>

#include <gadget/types.h>

#define __GADGET_IS_NUMBER(ptr)                                      \
	_Static_assert(sizeof(*(ptr)) == 4 || sizeof(*(ptr)) == 8, \
		       "a counter has 32 or 64 bits")

/* Atomic, wraps around: for memory that other CPUs write, as in map values. */
#define gadget_counter_add(ptr, n)                           \
	({                                                   \
		__GADGET_IS_NUMBER(ptr);                     \
		(void)__sync_fetch_and_add((ptr), (n));      \
	})
#define gadget_counter_inc(ptr) gadget_counter_add((ptr), 1)

/* A gauge goes up and down, and is set. */
#define gadget_gauge_add(ptr, n) gadget_counter_add((ptr), (n))
#define gadget_gauge_sub(ptr, n) gadget_counter_add((ptr), -(n))
#define gadget_gauge_set(ptr, n)                                              \
	({                                                                    \
		__GADGET_IS_NUMBER(ptr);                                      \
		*(volatile __typeof__(*(ptr)) *)(ptr) = (n);                  \
	})

/*
 * GADGET_PERCPU_COUNTER - a counter that costs no atomic operation
 * @name: of a per-CPU array with one __u64; userspace sums up the CPUs
 *
 *   NAME_add(n), NAME_inc()
 */
#define GADGET_PERCPU_COUNTER(name)                                      \
	struct {                                                         \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                 \
		__uint(max_entries, 1);                                  \
		__type(key, __u32);                                      \
		__type(value, gadget_counter__u64);                      \
	} name SEC(".maps");                                             \
                                                                         \
	static __always_inline __attribute__((unused)) void              \
		name##_add(__u64 n)                                      \
	{                                                                \
		__u32 zero = 0;                                          \
		gadget_counter__u64 *count;                              \
                                                                         \
		count = bpf_map_lookup_elem(&name, &zero);               \
		if (count)                                               \
			*count += n;                                     \
	}                                                                \
	static __always_inline __attribute__((unused)) void name##_inc(void) \
	{                                                                \
		name##_add(1);                                           \
	}                                                                \
	struct __gadget_percpu_counter

#endif /* __GADGET_COUNTERS_H */
