// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>

struct row {
	__u32 pid;
};

GADGET_ITER(tasks, rows, walk_tasks);

SEC("iter/task")
int walk_tasks(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
