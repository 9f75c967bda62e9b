// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct key {
	__u64 id;
	__u32 pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct key);
	__type(value, __u32);
} values SEC(".maps"); // gadget:allow(hash-key-padding): keys are zeroed as a whole

SEC("kprobe/do_unlinkat")
int on_event(void *ctx)
{
	struct key key = {};

	bpf_map_lookup_elem(&values, &key);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
