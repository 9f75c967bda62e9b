// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct key {
	__u32 pid;
	__u8 cpu;
	__u8 __pad[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key);
	__type(value, __u64);
} counts SEC(".maps");

SEC("kprobe/do_unlinkat")
int on_unlink(void *ctx)
{
	struct key key = {};

	return bpf_map_delete_elem(&counts, &key);
}

char LICENSE[] SEC("license") = "GPL";
