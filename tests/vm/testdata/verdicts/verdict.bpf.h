/* SPDX-License-Identifier: GPL-2.0 */
/* What the objects of the verdict test have in common: a buffer that nothing is written to. */
#ifndef VERDICT_BPF_H
#define VERDICT_BPF_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <gadget/macros.h>

struct event {
	__u64 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");
GADGET_TRACER(verdicts, events, event);

static __always_inline int report(__u64 number)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->number = number;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

#endif
