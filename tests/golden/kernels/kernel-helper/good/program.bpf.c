// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

extern const unsigned int LINUX_KERNEL_VERSION __kconfig;
extern const _Bool LINUX_HAS_BPF_COOKIE __kconfig;
extern const _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;

SEC("kprobe/vfs_read")
int on_read(void *ctx)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_tai_ns))
		return (int)bpf_ktime_get_tai_ns();
	return (int)bpf_ktime_get_boot_ns();
}

SEC("kprobe/vfs_write")
int on_write(void *ctx)
{
	if (LINUX_HAS_BPF_COOKIE)
		return (int)bpf_get_attach_cookie(ctx);
	if (LINUX_HAS_SYSCALL_WRAPPER)
		return (int)bpf_ktime_get_tai_ns();
	if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 15, 0))
		return (int)bpf_ktime_get_tai_ns();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
