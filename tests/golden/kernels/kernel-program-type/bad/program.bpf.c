// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

SEC("sk_lookup")
int on_lookup(void *ctx)
{
	return 1;
}

SEC("kprobe.multi/vfs_*")
int on_any(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
