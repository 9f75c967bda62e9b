// SPDX-License-Identifier: GPL-2.0
// `on_bad` reads through a pointer that may be null: no verifier takes it. `on_good` is fine.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

SEC("raw_tp/sys_enter")
int on_bad(void *ctx)
{
	__u32 key = 1;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	return (int)*value;
}

SEC("raw_tp/sys_exit")
int on_good(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
