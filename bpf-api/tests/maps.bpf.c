// SPDX-License-Identifier: GPL-2.0
/*
 * gadget/maps.bpf.h. The program can be run by BPF_PROG_TEST_RUN: it returns 0
 * or the line of the check that failed.
 */
#include <vmlinux.h>
#include <gadget/maps.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("socket")
int check(struct __sk_buff *skb)
{
	__u32 key = 1, other = 2;
	__u64 init = 41, *value;

	value = bpf_map_lookup_or_try_init(&counts, &key, &init);
	if (!value || *value != 41)
		return __LINE__;
	*value += 1;

	value = bpf_map_lookup_or_try_init(&counts, &key, &init);
	if (!value || *value != 42)
		return __LINE__;

	/* There is room for one. */
	if (bpf_map_lookup_or_try_init(&counts, &other, &init))
		return __LINE__;
	bpf_map_delete_elem(&counts, &key);
	return 0;
}

char _license[] SEC("license") = "GPL";
