/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * libbpf's usdt.bpf.h, plus what sources written for a newer libbpf expect. It
 * needs a loader that fills its maps, as libbpf's does; gadget/usdt.h works
 * with any.
 */
#ifndef __GADGETKIT_USDT_BPF_H
#define __GADGETKIT_USDT_BPF_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* A newer header has this function already; ours is used with every one. */
#define bpf_usdt_arg_size __gadgetkit_libbpf_usdt_arg_size
#include_next <bpf/usdt.bpf.h>
#undef bpf_usdt_arg_size

/*
 * bpf_usdt_arg_size - bytes of an argument: 1, 2, 4 or 8
 * @arg_num: counted from 0
 *
 * Returns -ESRCH if the probe is not known, -ENOENT if it has no such argument.
 */
static __always_inline int bpf_usdt_arg_size(struct pt_regs *ctx,
					     __u64 arg_num)
{
	int spec_id = __bpf_usdt_spec_id(ctx);
	struct __bpf_usdt_spec *spec;

	if (spec_id < 0)
		return -ESRCH;
	spec = bpf_map_lookup_elem(&__bpf_usdt_specs, &spec_id);
	if (!spec)
		return -ESRCH;
	if (arg_num >= BPF_USDT_MAX_ARG_CNT)
		return -ENOENT;
	/* The verifier must see the comparison that bounds the index. */
	barrier_var(arg_num);
	if (arg_num >= (__u64)spec->arg_cnt)
		return -ENOENT;
	/* What is shifted out of 64 bits. */
	return (64 - (unsigned int)spec->args[arg_num].arg_bitshift) / 8;
}

#endif /* __GADGETKIT_USDT_BPF_H */
