// SPDX-License-Identifier: GPL-2.0
// Links that newer kernels have: many functions at once, and tcx.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static __always_inline void count(__u32 kind)
{
	__u64 *value = bpf_map_lookup_elem(&hits, &kind);

	if (value)
		__sync_fetch_and_add(value, 1);
}

SEC("uprobe.multi")
int on_many(void *ctx)
{
	count(0);
	return 0;
}

SEC("uprobe")
int on_one(void *ctx)
{
	count(1);
	return 0;
}

SEC("kprobe.multi/security_task_getpg*")
int on_kernel(void *ctx)
{
	count(2);
	return 0;
}

SEC("tcx/egress")
int on_tcx(struct __sk_buff *skb)
{
	count(3);
	return TC_ACT_UNSPEC;
}

SEC("tcx/egress")
int on_tcx_end(struct __sk_buff *skb)
{
	count(4);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
