// SPDX-License-Identifier: GPL-2.0
/* bpf_core_cast() of our bpf/bpf_core_read.h, for Linux 6.2 and newer. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

__u32 pid;

SEC("raw_tracepoint/sys_enter")
int cast(void *ctx)
{
	struct task_struct *task;

	if (!bpf_core_type_matches(struct task_struct) || !bpf_ksym_exists(bpf_rdonly_cast))
		return 0;
	task = bpf_core_cast((void *)bpf_get_current_task(), struct task_struct);
	pid = task->pid;
	return 0;
}

char _license[] SEC("license") = "GPL";
