// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#ifdef __TARGET_ARCH_x86
SEC("kprobe/__x64_sys_openat")
int on_open(void *ctx)
{
	return 0;
}
#endif

char LICENSE[] SEC("license") = "GPL";
