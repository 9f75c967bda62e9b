// SPDX-License-Identifier: GPL-2.0
// Constants in assembler symbols, the way of ebpf-manager's LOAD_CONSTANT, beside a global one.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define LOAD_CONSTANT(name, value) asm("%0 = " name " ll" : "=r"(value))

const volatile __u64 answer = 100;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

SEC("socket")
int on_constant(struct __sk_buff *skb)
{
	__u64 value;

	LOAD_CONSTANT("constant", value);
	return (int)value;
}

SEC("socket/high")
int on_high_bit(struct __sk_buff *skb)
{
	__u64 value;

	LOAD_CONSTANT("constant", value);
	return (int)(value >> 63);
}

SEC("uprobe")
int on_both(void *ctx)
{
	__u64 value, *slot;
	__u32 zero = 0;

	LOAD_CONSTANT("constant", value);
	slot = bpf_map_lookup_elem(&seen, &zero);
	if (slot)
		*slot += value + 1000 * answer;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
