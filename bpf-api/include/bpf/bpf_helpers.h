/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * libbpf's bpf_helpers.h, plus what sources written for a newer libbpf expect.
 * Each addition steps back if the header found already has it.
 */
#ifndef __GADGETKIT_BPF_HELPERS_H
#define __GADGETKIT_BPF_HELPERS_H

#include_next <bpf/bpf_helpers.h>

/* A number in the definition of a map that does not fit an int, map_extra. */
#ifndef __ulong
#define __ulong(name, val) \
	enum { ___bpf_concat(__gadgetkit_ulong_, __COUNTER__) = (val) } name
#endif

/* What a branch does most of the time. */
#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#endif
#ifndef unlikely
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif

/*
 * stddef.h defines these with a builtin that knows nothing of CO-RE. Here the
 * offset is that of the running kernel.
 */
#undef offsetof
#define offsetof(type, member) ((unsigned long)&((type *)0)->member)
#undef container_of
#define container_of(ptr, type, member)                              \
	({                                                           \
		void *__gadgetkit_member = (void *)(ptr);            \
		((type *)(__gadgetkit_member - offsetof(type, member))); \
	})

/* Tags of pointers in maps. */
#ifndef __kptr
#define __kptr __attribute__((btf_type_tag("kptr")))
#endif
#ifndef __kptr_untrusted
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#endif
#ifndef __percpu_kptr
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#endif
#ifndef __uptr
#define __uptr __attribute__((btf_type_tag("uptr")))
#endif

/* Tags of parameters of global functions. */
#ifndef __arg_ctx
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#endif
#ifndef __arg_nonnull
#define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))
#endif
#ifndef __arg_nullable
#define __arg_nullable __attribute__((btf_decl_tag("arg:nullable")))
#endif
#ifndef __arg_trusted
#define __arg_trusted __attribute__((btf_decl_tag("arg:trusted")))
#endif
#ifndef __arg_untrusted
#define __arg_untrusted __attribute__((btf_decl_tag("arg:untrusted")))
#endif
#ifndef __arg_arena
#define __arg_arena __attribute__((btf_decl_tag("arg:arena")))
#endif

/*
 * bpf_ksym_exists - does the kernel have this function or variable?
 * @sym: declared __ksym and __weak
 */
#ifndef bpf_ksym_exists
#define bpf_ksym_exists(sym)                                              \
	({                                                                \
		_Static_assert(!__builtin_constant_p(!!sym),              \
			       #sym " is not declared __weak");           \
		!!sym;                                                    \
	})
#endif

/*
 * bpf_stream_printk - write to a stream of the program, read by userspace
 * @stream_id: BPF_STDOUT (1) or BPF_STDERR (2)
 * @fmt: a literal, as for bpf_printk()
 *
 * Needs Linux 6.17, and the declaration of bpf_stream_vprintk() in vmlinux.h
 * or in the program.
 */
#ifndef bpf_stream_printk
#define bpf_stream_printk(stream_id, fmt, args...)                            \
	({                                                                    \
		static const char __gadgetkit_fmt[] = fmt;                    \
		unsigned long long __gadgetkit_args[___bpf_narg(args)];       \
                                                                              \
		_Pragma("GCC diagnostic push")                                \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")        \
		___bpf_fill(__gadgetkit_args, args);                          \
		_Pragma("GCC diagnostic pop")                                 \
		bpf_stream_vprintk(stream_id, __gadgetkit_fmt,                \
				   __gadgetkit_args, sizeof(__gadgetkit_args)); \
	})
#endif

/* The iterator over numbers, a kernel function since Linux 6.4. */
struct bpf_iter_num;

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end)
	__weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

#define __GADGETKIT_ITER(line) ___bpf_apply(__gadgetkit_iter_, line)
#define __GADGETKIT_STEP(line) ___bpf_apply(__gadgetkit_step_, line)

/*
 * bpf_for_each - loop over an open-coded iterator of the kernel
 * @type: "num" for bpf_iter_num, and so on
 * @cur: declared before; points to the current element
 * @args: what bpf_iter_<type>_new() takes after the iterator
 *
 * The iterator is destroyed on every way out of the loop, "break", "return"
 * and "goto" included.
 */
#ifndef bpf_for_each
#define bpf_for_each(type, cur, args...)                                       \
	for (struct bpf_iter_##type __GADGETKIT_ITER(__LINE__)                 \
		     __attribute__((aligned(8),                                \
				    cleanup(bpf_iter_##type##_destroy))),      \
	     *__GADGETKIT_STEP(__LINE__) __attribute__((unused)) = ({          \
		     bpf_iter_##type##_new(&__GADGETKIT_ITER(__LINE__), ##args); \
		     (void)bpf_iter_##type##_destroy;                          \
		     (struct bpf_iter_##type *)0;                              \
	     });                                                               \
	     ((cur) = bpf_iter_##type##_next(&__GADGETKIT_ITER(__LINE__)));)
#endif

/*
 * bpf_for - loop that the verifier walks once, whatever the bounds
 * @i: declared before; start, start + 1, .. end - 1
 */
#ifndef bpf_for
#define bpf_for(i, start, end)                                                \
	for (struct bpf_iter_num __GADGETKIT_ITER(__LINE__)                   \
		     __attribute__((aligned(8),                               \
				    cleanup(bpf_iter_num_destroy))),          \
	     *__GADGETKIT_STEP(__LINE__) __attribute__((unused)) = ({         \
		     bpf_iter_num_new(&__GADGETKIT_ITER(__LINE__), (start),   \
				      (end));                                 \
		     (void)bpf_iter_num_destroy;                              \
		     (struct bpf_iter_num *)0;                                \
	     });                                                              \
	     ({                                                               \
		     int *__next =                                            \
			     bpf_iter_num_next(&__GADGETKIT_ITER(__LINE__));  \
		     /* The bounds, again, for the verifier. */               \
		     (__next && ((i) = *__next, (i) >= (start)) &&            \
		      (i) < (end));                                           \
	     });)
#endif

/* bpf_repeat - loop n times without a counter */
#ifndef bpf_repeat
#define bpf_repeat(n)                                                         \
	for (struct bpf_iter_num __GADGETKIT_ITER(__LINE__)                   \
		     __attribute__((aligned(8),                               \
				    cleanup(bpf_iter_num_destroy))),          \
	     *__GADGETKIT_STEP(__LINE__) __attribute__((unused)) = ({         \
		     bpf_iter_num_new(&__GADGETKIT_ITER(__LINE__), 0, (n));   \
		     (void)bpf_iter_num_destroy;                              \
		     (struct bpf_iter_num *)0;                                \
	     });                                                              \
	     bpf_iter_num_next(&__GADGETKIT_ITER(__LINE__));)
#endif

#endif /* __GADGETKIT_BPF_HELPERS_H */
