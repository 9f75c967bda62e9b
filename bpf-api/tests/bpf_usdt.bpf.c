// SPDX-License-Identifier: GPL-2.0
/* What our bpf/usdt.bpf.h adds, beside what libbpf's has. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

__u64 bytes;

SEC("usdt")
int BPF_USDT(probe, int first, void *second)
{
	long value;

	bytes = bpf_usdt_arg_size(ctx, 0) + bpf_usdt_arg_size(ctx, bpf_usdt_arg_cnt(ctx));
	if (!bpf_usdt_arg(ctx, 1, &value))
		bytes += value + bpf_usdt_cookie(ctx) + first + (__u64)second;
	return 0;
}

char _license[] SEC("license") = "GPL";
