// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct key {
	__u32 prefixlen;
	__u32 addr;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key);
	__type(value, __u32);
} values SEC(".maps");

SEC("kprobe/do_unlinkat")
int on_event(void *ctx)
{
	struct key key = {};

	bpf_map_lookup_elem(&values, &key);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
