// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>

const volatile char filter[16] = "bash";
GADGET_PARAM(filter);

SEC("kprobe/do_unlinkat")
int on_unlink(void *ctx)
{
	return filter[0];
}

char LICENSE[] SEC("license") = "GPL";
