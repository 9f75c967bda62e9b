/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Map helpers. Include vmlinux.h or linux/bpf.h first. */
#ifndef __GADGET_MAPS_BPF_H
#define __GADGET_MAPS_BPF_H

#include <asm-generic/errno.h>

#include <bpf/bpf_helpers.h>

/*
 * bpf_map_lookup_or_try_init - value of a key, inserted first if it is absent
 * @init: value to insert
 *
 * Returns NULL if the map is full.
 */
static __always_inline void *bpf_map_lookup_or_try_init(void *map,
							const void *key,
							const void *init)
{
	void *value;
	/* 32 bits: until Linux 6.4 the upper half of an error is zero. */
	int err;

	value = bpf_map_lookup_elem(map, key);
	if (value)
		return value;

	/* Another CPU may insert it in between: its value is as good. */
	err = bpf_map_update_elem(map, key, init, BPF_NOEXIST);
	if (err && err != -EEXIST)
		return NULL;

	return bpf_map_lookup_elem(map, key);
}

#endif /* __GADGET_MAPS_BPF_H */
