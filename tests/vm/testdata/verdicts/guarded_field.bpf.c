// SPDX-License-Identifier: GPL-2.0
/* The same, with a question before. */
#include "verdict.bpf.h"

struct task_struct {
	unsigned int __state;
} __attribute__((preserve_access_index));

SEC("raw_tp/sched_process_exit")
int on_exit(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!bpf_core_field_exists(task->__state))
		return report(0);
	return report(BPF_CORE_READ(task, __state));
}

char LICENSE[] SEC("license") = "GPL";
