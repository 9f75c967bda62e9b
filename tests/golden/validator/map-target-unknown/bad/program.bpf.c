// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

GADGET_ITER_TARGET_MAP(walk, count);

SEC("iter/bpf_map_elem")
int walk(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
