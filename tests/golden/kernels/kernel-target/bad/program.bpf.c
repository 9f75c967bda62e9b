// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

SEC("kprobe/vfs_raed")
int on_read(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_opnat")
int on_open(void *ctx)
{
	return 0;
}

SEC("tracepoint/sched/sched_swich")
int on_switch(void *ctx)
{
	return 0;
}

SEC("fentry/security_file_opem")
int on_check(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_wakeup")
int on_wakeup(void *ctx)
{
	return 0;
}

SEC("iter/tasks")
int list_tasks(void *ctx)
{
	return 0;
}

SEC("lsm/file_opne")
int on_file(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
