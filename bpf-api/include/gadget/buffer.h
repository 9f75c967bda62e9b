/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Event buffers: a ring buffer, or a perf event array on kernels that have no
 * ring buffer. One object runs on both: userspace changes the type of the map
 * when it loads the object, and the code below asks the kernel by CO-RE.
 *
 * Define GADGET_NO_BUF_RESERVE if the gadget only uses gadget_output_buf():
 * it saves the scratch map. Define GADGET_MAX_EVENT_SIZE to change the size of
 * that map.
 */
#ifndef __GADGET_BUFFER_H
#define __GADGET_BUFFER_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#ifndef GADGET_MAX_EVENT_SIZE
#define GADGET_MAX_EVENT_SIZE 10240
#endif

/*
 * GADGET_TRACER_MAP - declare the buffer for the events of a tracer
 * @name: name of the map
 * @size: bytes, a power of two and a multiple of the page size
 *
 * Also declares <name>_lost_samples, the count of events for which the buffer
 * had no room.
 */
#define GADGET_TRACER_MAP(name, size)                                   \
	struct {                                                        \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                     \
		__uint(max_entries, size);                              \
	} name SEC(".maps");                                            \
	struct {                                                        \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                \
		__uint(max_entries, 1);                                 \
		__uint(key_size, sizeof(__u32));                        \
		__uint(value_size, sizeof(__u64));                      \
	} name##_lost_samples SEC(".maps");                             \
	const void *gadget_map_tracer_##name __attribute__((unused))

static __always_inline _Bool __gadget_has_ringbuf(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id,
					  BPF_FUNC_ringbuf_reserve);
}

static __always_inline void __gadget_count_lost_sample(void *lost_samples)
{
	__u32 zero = 0;
	__u64 *count;

	count = bpf_map_lookup_elem(lost_samples, &zero);
	/* Atomic, since a program in an interrupt may do the same. */
	if (count)
		__sync_fetch_and_add(count, 1);
}

#ifndef GADGET_NO_BUF_RESERVE

/* Where events are built on kernels that have no ring buffer. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, GADGET_MAX_EVENT_SIZE);
} gadget_heap SEC(".maps");

static __always_inline void *__gadget_reserve_buf(void *map, void *lost_samples,
						  __u64 size)
{
	__u32 zero = 0;
	void *buf;

	if (!__gadget_has_ringbuf())
		return bpf_map_lookup_elem(&gadget_heap, &zero);

	buf = bpf_ringbuf_reserve(map, size, 0);
	if (!buf)
		__gadget_count_lost_sample(lost_samples);
	return buf;
}

/*
 * gadget_reserve_buf - room for an event
 * @map: address of a map declared with GADGET_TRACER_MAP, written "&name"
 * @size: constant, at most GADGET_MAX_EVENT_SIZE
 *
 * Returns memory with undefined content, or NULL (counted as a lost sample).
 * Pass it to gadget_submit_buf() or gadget_discard_buf() on every path.
 */
#define gadget_reserve_buf(map, size) \
	__gadget_reserve_buf(map, map##_lost_samples, size)

/* gadget_discard_buf - give a reserved buffer back, without an event. */
static __always_inline void gadget_discard_buf(void *buf)
{
	if (__gadget_has_ringbuf())
		bpf_ringbuf_discard(buf, 0);
}

/*
 * gadget_submit_buf - send an event built in a reserved buffer
 * @ctx: context of the program
 * @map: the map that the buffer was reserved in
 *
 * Returns 0, or a negative error of the perf event array.
 */
static __always_inline long gadget_submit_buf(void *ctx, void *map, void *buf,
					      __u64 size)
{
	if (!__gadget_has_ringbuf())
		return bpf_perf_event_output(ctx, map, BPF_F_CURRENT_CPU, buf,
					     size);

	bpf_ringbuf_submit(buf, 0);
	return 0;
}

#endif /* GADGET_NO_BUF_RESERVE */

static __always_inline long __gadget_output_buf(void *ctx, void *map,
						void *lost_samples, void *buf,
						__u64 size)
{
	if (!__gadget_has_ringbuf())
		return bpf_perf_event_output(ctx, map, BPF_F_CURRENT_CPU, buf,
					     size);

	if (bpf_ringbuf_output(map, buf, size, 0))
		__gadget_count_lost_sample(lost_samples);
	return 0;
}

/*
 * gadget_output_buf - send a copy of an event built elsewhere
 * @ctx: context of the program
 * @map: address of a map declared with GADGET_TRACER_MAP, written "&name"
 *
 * Returns 0 also when the ring buffer is full (counted as a lost sample), or
 * a negative error of the perf event array.
 */
#define gadget_output_buf(ctx, map, buf, size) \
	__gadget_output_buf(ctx, map, map##_lost_samples, buf, size)

#endif /* __GADGET_BUFFER_H */
