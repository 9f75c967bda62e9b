// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct {
	int pid;
	int exit_signal;
} __attribute__((preserve_access_index));

SEC("kprobe/vfs_read")
int on_read(void *ctx)
{
	struct task_struct *task = (void *)bpf_ktime_get_ns();
	int signal = 0;

	if (bpf_core_field_exists(task->exit_signal))
		signal = BPF_CORE_READ(task, exit_signal);

	return BPF_CORE_READ(task, pid) + signal;
}

/* Not of the kernel: what runs gadgets gives it. */
struct gadget_socket_value {
	__u64 mntns;
	char cwd[4096];
} __attribute__((preserve_access_index));

SEC("kprobe/vfs_write")
int on_write(void *ctx)
{
	struct gadget_socket_value *value = (void *)bpf_ktime_get_ns();

	if (bpf_core_field_exists(value->cwd) && bpf_core_field_size(value->cwd) > 0)
		return (int)BPF_CORE_READ(value, mntns);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
