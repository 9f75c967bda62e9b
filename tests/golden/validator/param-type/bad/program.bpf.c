// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>

const volatile __u32 ports[2] = {};
GADGET_PARAM(ports);

SEC("kprobe/do_unlinkat")
int on_unlink(void *ctx)
{
	return ports[0];
}

char LICENSE[] SEC("license") = "GPL";
