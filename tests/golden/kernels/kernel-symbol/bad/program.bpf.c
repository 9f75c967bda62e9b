// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

extern int bpf_missing_kfunc(int number) __ksym;

SEC("kprobe/vfs_read")
int on_read(void *ctx)
{
	return bpf_missing_kfunc(1);
}

char LICENSE[] SEC("license") = "GPL";
