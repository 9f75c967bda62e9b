// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>

struct row {
	__u32 pid;
};

GADGET_ITER(tasks, row, walk_tasks);

SEC("kprobe/do_unlinkat")
int walk_tasks(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
