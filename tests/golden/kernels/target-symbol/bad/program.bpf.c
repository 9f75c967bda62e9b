// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

SEC("uretprobe//usr/lib/libsample.so.1:sample_raed")
int on_call(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
