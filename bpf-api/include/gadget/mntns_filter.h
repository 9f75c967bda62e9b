/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Containers of interest, as a set of mount namespaces. Userspace replaces
 * gadget_mntns_filter_map by its own and switches the filter on.
 */
#ifndef __GADGET_MNTNS_FILTER_H
#define __GADGET_MNTNS_FILTER_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include <gadget/types.h>
/* Older gadgets expect to get gadget_get_mntns_id() from here. */
#if defined(__VMLINUX_H__) && !defined(GADGET_TYPE_NETWORKING)
#include <gadget/mntns.h>
#endif

const volatile bool gadget_filter_by_mntns = false;

/* The presence of a key means: trace this container. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, gadget_mntns_id);
	__type(value, __u32);
	__uint(max_entries, 1024);
} gadget_mntns_filter_map SEC(".maps");

/* True when the filter is on and does not hold this mount namespace. */
static __always_inline bool
gadget_should_discard_mntns_id(gadget_mntns_id mntns_id)
{
	return gadget_filter_by_mntns &&
	       !bpf_map_lookup_elem(&gadget_mntns_filter_map, &mntns_id);
}

#endif /* __GADGET_MNTNS_FILTER_H */
