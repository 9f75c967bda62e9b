// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

SEC("kprobe/vfs_read")
int on_read(void *ctx)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_tai_ns))
		return (int)bpf_ktime_get_tai_ns();
	return (int)bpf_ktime_get_boot_ns();
}

char LICENSE[] SEC("license") = "GPL";
