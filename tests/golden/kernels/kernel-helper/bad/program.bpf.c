// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

SEC("kprobe/vfs_read")
int on_read(void *ctx)
{
	return (int)bpf_ktime_get_tai_ns();
}

extern const unsigned int LINUX_KERNEL_VERSION __kconfig;

/* Which 5.10 it is, the release of a kernel does not tell. */
SEC("kprobe/vfs_write")
int on_write(void *ctx)
{
	if (LINUX_KERNEL_VERSION >= (5 << 16 | 10 << 8 | 100))
		return (int)bpf_ktime_get_tai_ns();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
