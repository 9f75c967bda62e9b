/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Maps whose functions know the types of key and value: for a pointer to
 * something else the compiler warns. Include vmlinux.h or linux/bpf.h first.
 *
 *   GADGET_HASH_MAP(starts, __u32, struct start, 1024);
 *
 *   struct start *start = starts_lookup(&tid);
 *   starts_update(&tid, &(struct start){ .at = now });
 *
 * The map is an ordinary one of that name: bpf_map_lookup_elem(&starts, ..),
 * GADGET_MAPITER and userspace see nothing else.
 */
#ifndef __GADGET_TYPED_MAPS_H
#define __GADGET_TYPED_MAPS_H

#include <bpf/bpf_helpers.h>

/*
 * Errors are cut to 32 bits and extended again: until Linux 6.4 these helpers
 * leave the upper half of a negative number zero, and no error equals -ENOENT.
 */
#define __GADGET_TYPED_MAP(map_type, name, key_type, value_type, entries)	\
	struct {								\
		__uint(type, map_type);						\
		__uint(max_entries, entries);					\
		__type(key, key_type);						\
		__type(value, value_type);					\
	} name SEC(".maps");							\
										\
	static __always_inline __attribute__((unused)) value_type *		\
		name##_lookup(const key_type *key)				\
	{									\
		return bpf_map_lookup_elem(&name, key);				\
	}									\
	static __always_inline __attribute__((unused)) long			\
		name##_update(const key_type *key, const value_type *value)	\
	{									\
		return (int)bpf_map_update_elem(&name, key, value, BPF_ANY);	\
	}

#define __GADGET_TYPED_HASH(map_type, name, key_type, value_type, entries)		\
	__GADGET_TYPED_MAP(map_type, name, key_type, value_type, entries)		\
											\
	static __always_inline __attribute__((unused)) long				\
		name##_insert(const key_type *key, const value_type *value)		\
	{										\
		return (int)bpf_map_update_elem(&name, key, value, BPF_NOEXIST);	\
	}										\
	static __always_inline __attribute__((unused)) long				\
		name##_replace(const key_type *key, const value_type *value)		\
	{										\
		return (int)bpf_map_update_elem(&name, key, value, BPF_EXIST);		\
	}										\
	static __always_inline __attribute__((unused)) long				\
		name##_delete(const key_type *key)					\
	{										\
		return (int)bpf_map_delete_elem(&name, key);				\
	}										\
	static __always_inline __attribute__((unused)) value_type *			\
		name##_lookup_or_init(const key_type *key,				\
				      const value_type *init)				\
	{										\
		value_type *value = bpf_map_lookup_elem(&name, key);			\
											\
		if (value)								\
			return value;							\
		/* Another CPU may have been faster: its value is the one. */		\
		bpf_map_update_elem(&name, key, init, BPF_NOEXIST);			\
		return bpf_map_lookup_elem(&name, key);					\
	}

/* What the semicolon behind a macro ends. */
#define __GADGET_TYPED_MAP_END struct __gadget_typed_map

/*
 * GADGET_HASH_MAP, GADGET_LRU_HASH_MAP - a hash table, and for NAME
 * @name: of the map
 * @key_type, @value_type: types, without padding in the key
 * @entries: most elements; the LRU kind makes room by itself
 *
 *   value *NAME_lookup(&key)                   NULL: no such key
 *   long NAME_update(&key, &value)             insert or replace
 *   long NAME_insert(&key, &value)             -EEXIST if there is one
 *   long NAME_replace(&key, &value)            -ENOENT if there is none
 *   long NAME_delete(&key)                     -ENOENT if there is none
 *   value *NAME_lookup_or_init(&key, &init)    NULL: the map is full
 */
#define GADGET_HASH_MAP(name, key_type, value_type, entries)			\
	__GADGET_TYPED_HASH(BPF_MAP_TYPE_HASH, name, key_type, value_type,	\
			    entries)						\
	__GADGET_TYPED_MAP_END
#define GADGET_LRU_HASH_MAP(name, key_type, value_type, entries)		\
	__GADGET_TYPED_HASH(BPF_MAP_TYPE_LRU_HASH, name, key_type, value_type,	\
			    entries)						\
	__GADGET_TYPED_MAP_END

/* GADGET_PERCPU_HASH_MAP - the same, a value for each CPU; it sees its own. */
#define GADGET_PERCPU_HASH_MAP(name, key_type, value_type, entries)	\
	__GADGET_TYPED_HASH(BPF_MAP_TYPE_PERCPU_HASH, name, key_type,	\
			    value_type, entries)			\
	__GADGET_TYPED_MAP_END

/*
 * GADGET_ARRAY_MAP, GADGET_PERCPU_ARRAY_MAP - an array by __u32 index
 *
 *   value *NAME_lookup(&index)                 NULL: beyond the end
 *   long NAME_update(&index, &value)
 */
#define GADGET_ARRAY_MAP(name, value_type, entries)					\
	__GADGET_TYPED_MAP(BPF_MAP_TYPE_ARRAY, name, __u32, value_type, entries)	\
	__GADGET_TYPED_MAP_END
#define GADGET_PERCPU_ARRAY_MAP(name, value_type, entries)			\
	__GADGET_TYPED_MAP(BPF_MAP_TYPE_PERCPU_ARRAY, name, __u32, value_type,	\
			   entries)						\
	__GADGET_TYPED_MAP_END

/*
 * GADGET_SCRATCH - memory of this CPU for what is too large for the stack
 * @name: NAME_get() returns it, what the last program left in it included.
 *        NULL is only for the verifier.
 *
 * A program that interrupts another on the same CPU finds the same memory.
 */
#define GADGET_SCRATCH(name, value_type)					\
	__GADGET_TYPED_MAP(BPF_MAP_TYPE_PERCPU_ARRAY, name, __u32, value_type,	\
			   1)							\
	static __always_inline __attribute__((unused)) value_type *		\
		name##_get(void)						\
	{									\
		__u32 zero = 0;							\
										\
		return name##_lookup(&zero);					\
	}									\
	__GADGET_TYPED_MAP_END

#endif /* __GADGET_TYPED_MAPS_H */
