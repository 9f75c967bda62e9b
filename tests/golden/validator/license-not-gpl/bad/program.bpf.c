// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

SEC("kprobe/do_unlinkat")
int on_unlink(void *ctx)
{
	return bpf_get_current_task() != 0;
}

char LICENSE[] SEC("license") = "Proprietary";
