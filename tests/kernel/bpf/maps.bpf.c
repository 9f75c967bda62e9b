// SPDX-License-Identifier: GPL-2.0
// Maps of several kinds, and programs that reach each other by tail calls. No hooks: run with test data.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u64 answer = 100;
const volatile int use_excluded = 1;

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} inner_one SEC(".maps"), inner_two SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 64);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} excluded SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} jumps SEC(".maps");

/* 42 when inner 1 is routed and the jump leads somewhere, 1 when the jump is missing. */
SEC("socket")
int on_entry(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &jumps, 1);
	return 1;
}

SEC("socket/jump")
int on_jump(struct __sk_buff *skb)
{
	__u32 key = 1, zero = 0;
	__u64 value = 500;
	void *inner = bpf_map_lookup_elem(&outer, &key);

	if (inner)
		bpf_map_update_elem(inner, &zero, &value, 0);
	return (int)answer;
}

SEC("socket")
int on_table(struct __sk_buff *skb)
{
	__u32 key = 1;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	return value ? (int)*value : -1;
}

SEC("socket")
int on_excluded(struct __sk_buff *skb)
{
	__u32 key = 1;

	if (use_excluded && bpf_map_lookup_elem(&excluded, &key))
		return 1;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
