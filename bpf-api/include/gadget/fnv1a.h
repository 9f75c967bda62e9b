/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* FNV-1a, a fast hash that is not for security. Needs vmlinux.h. */
#ifndef __GADGET_FNV1A_H
#define __GADGET_FNV1A_H

#include <bpf/bpf_helpers.h>

#define FNV1_32_PRIME 0x01000193U
#define FNV1_32_INIT 0x811c9dc5U
#define FNV1_64_PRIME 0x100000001b3ULL
#define FNV1_64_INIT 0xcbf29ce484222325ULL

/* Start of a hash. */
static __always_inline u32 fnv_32a_init(void)
{
	return FNV1_32_INIT;
}

static __always_inline u64 fnv_64a_init(void)
{
	return FNV1_64_INIT;
}

/* Each of these adds a number to a hash, its lowest byte first. */

static __always_inline void fnv_32a_update_u8(u32 *hash, u8 value)
{
	*hash = (*hash ^ value) * FNV1_32_PRIME;
}

static __always_inline void fnv_32a_update_u16(u32 *hash, u16 value)
{
	fnv_32a_update_u8(hash, value);
	fnv_32a_update_u8(hash, value >> 8);
}

static __always_inline void fnv_32a_update_u32(u32 *hash, u32 value)
{
	fnv_32a_update_u16(hash, value);
	fnv_32a_update_u16(hash, value >> 16);
}

static __always_inline void fnv_32a_update_u64(u32 *hash, u64 value)
{
	fnv_32a_update_u32(hash, value);
	fnv_32a_update_u32(hash, value >> 32);
}

static __always_inline void fnv_64a_update_u8(u64 *hash, u8 value)
{
	*hash = (*hash ^ value) * FNV1_64_PRIME;
}

static __always_inline void fnv_64a_update_u16(u64 *hash, u16 value)
{
	fnv_64a_update_u8(hash, value);
	fnv_64a_update_u8(hash, value >> 8);
}

static __always_inline void fnv_64a_update_u32(u64 *hash, u32 value)
{
	fnv_64a_update_u16(hash, value);
	fnv_64a_update_u16(hash, value >> 16);
}

static __always_inline void fnv_64a_update_u64(u64 *hash, u64 value)
{
	fnv_64a_update_u32(hash, value);
	fnv_64a_update_u32(hash, value >> 32);
}

#endif /* __GADGET_FNV1A_H */
