// SPDX-License-Identifier: GPL-2.0
// A map in maps without a word about what is in it: the user has to say.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 8);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} model SEC(".maps");

SEC("socket")
int on_outer(struct __sk_buff *skb)
{
	__u32 key = 1, zero = 0;
	__u64 *value;
	void *inner = bpf_map_lookup_elem(&outer, &key);

	if (!inner)
		return 1;
	value = bpf_map_lookup_elem(inner, &zero);
	return value ? (int)*value : 2;
}

char LICENSE[] SEC("license") = "GPL";
