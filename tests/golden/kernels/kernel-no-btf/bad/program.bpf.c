// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

SEC("kprobe/vfs_read")
int on_read(void *ctx)
{
	struct task_struct *task = (void *)bpf_ktime_get_ns();

	return BPF_CORE_READ(task, pid);
}

char LICENSE[] SEC("license") = "GPL";
