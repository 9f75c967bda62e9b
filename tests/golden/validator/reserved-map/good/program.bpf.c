// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} my_filter SEC(".maps");

SEC("kprobe/do_unlinkat")
int on_event(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
