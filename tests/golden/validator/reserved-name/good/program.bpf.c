// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
} values SEC(".maps");

const volatile __u32 values_max_entries = 64;

SEC("kprobe/do_unlinkat")
int on_event(void *ctx)
{
	__u32 key = 0;

	bpf_map_lookup_elem(&values, &key);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
