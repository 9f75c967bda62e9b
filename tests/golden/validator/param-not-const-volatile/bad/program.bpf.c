// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>

__u32 min_size = 1;
GADGET_PARAM(min_size);

SEC("kprobe/do_unlinkat")
int on_unlink(void *ctx)
{
	return min_size;
}

char LICENSE[] SEC("license") = "GPL";
