/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * libbpf's bpf_core_read.h, plus what sources written for a newer libbpf
 * expect.
 */
#ifndef __GADGETKIT_BPF_CORE_READ_H
#define __GADGETKIT_BPF_CORE_READ_H

#include <bpf/bpf_helpers.h>
#include_next <bpf/bpf_core_read.h>

/* Does the kernel have a type of this name and of this shape? */
#ifndef bpf_core_type_matches
#define bpf_core_type_matches(type) \
	__builtin_preserve_type_info(*(typeof(type) *)0, 2)
#endif

/* The type of an expression of BPF_CORE_READ, without the const of a member. */
#if defined(__clang__) && __clang_major__ >= 19
#undef ___type
#define ___type(...) __typeof_unqual__(___arrow(__VA_ARGS__))
#endif

/* These read kernel memory, with the helpers that say so. */
#undef BPF_PROBE_READ_INTO
#define BPF_PROBE_READ_INTO(dst, src, a, ...)                             \
	({                                                                \
		___core_read(bpf_probe_read_kernel, bpf_probe_read_kernel, \
			     dst, (src), a, ##__VA_ARGS__);               \
	})
#undef BPF_PROBE_READ_STR_INTO
#define BPF_PROBE_READ_STR_INTO(dst, src, a, ...)                             \
	({                                                                    \
		___core_read(bpf_probe_read_kernel_str, bpf_probe_read_kernel, \
			     dst, (src), a, ##__VA_ARGS__);                   \
	})

/*
 * bpf_core_cast - a pointer that may be read directly, without a helper
 * @ptr: any address in kernel memory
 * @type: type of what it points to, as the kernel knows it
 *
 * Needs Linux 6.2. The result is read only.
 */
#ifndef bpf_core_cast
extern void *bpf_rdonly_cast(const void *obj__ign, __u32 btf_id__k)
	__ksym __weak;
#define bpf_core_cast(ptr, type) \
	((typeof(type) *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))
#endif

/*
 * BPF_CORE_WRITE_BITFIELD - set a bit field, wherever the kernel has it
 * @s: pointer to a struct that the program may write to
 * @field: a bit field or an integer member
 * @new_val: value
 */
#ifndef BPF_CORE_WRITE_BITFIELD
#define __GADGETKIT_MERGE_BITS(bits, at, mask, val) \
	(*(bits *)(at) = (*(bits *)(at) & ~(bits)(mask)) | (bits)(val))
#define BPF_CORE_WRITE_BITFIELD(s, field, new_val)                            \
	({                                                                    \
		void *__at = (void *)(s) + __CORE_RELO(s, field, BYTE_OFFSET); \
		unsigned int __size = __CORE_RELO(s, field, BYTE_SIZE);       \
		unsigned int __left = __CORE_RELO(s, field, LSHIFT_U64);      \
		unsigned int __right = __CORE_RELO(s, field, RSHIFT_U64);     \
		unsigned int __from = __right - __left;                       \
		unsigned long long __mask = (~0ULL >> __right) << __from;     \
		unsigned long long __bits =                                   \
			((unsigned long long)(new_val) << __from) & __mask;   \
                                                                              \
		asm volatile("" : "+r"(__at));                                \
		switch (__size) {                                             \
		case 1:                                                       \
			__GADGETKIT_MERGE_BITS(unsigned char, __at, __mask,   \
					       __bits);                       \
			break;                                                \
		case 2:                                                       \
			__GADGETKIT_MERGE_BITS(unsigned short, __at, __mask,  \
					       __bits);                       \
			break;                                                \
		case 4:                                                       \
			__GADGETKIT_MERGE_BITS(unsigned int, __at, __mask,    \
					       __bits);                       \
			break;                                                \
		case 8:                                                       \
			__GADGETKIT_MERGE_BITS(unsigned long long, __at,      \
					       __mask, __bits);               \
			break;                                                \
		}                                                             \
	})
#endif

#endif /* __GADGETKIT_BPF_CORE_READ_H */
