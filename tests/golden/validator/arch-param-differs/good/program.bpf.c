// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>

const volatile __u32 page_shift = 0;
GADGET_PARAM(page_shift);

SEC("kprobe/do_unlinkat")
int on_unlink(void *ctx)
{
	return page_shift;
}

char LICENSE[] SEC("license") = "GPL";
