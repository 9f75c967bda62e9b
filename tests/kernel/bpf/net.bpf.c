// SPDX-License-Identifier: GPL-2.0
// Programs of the network side; each counts the packets that it sees and lets them pass.
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

SEC("socket1")
int on_socket(struct __sk_buff *skb)
{
	count(0);
	return (int)skb->len;
}

SEC("xdp/counter")
int on_xdp(struct xdp_md *ctx)
{
	count(1);
	return XDP_PASS;
}

SEC("classifier/egress")
int on_egress(struct __sk_buff *skb)
{
	count(2);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int on_ingress(struct __sk_buff *skb)
{
	count(3);
	return TC_ACT_UNSPEC;
}

SEC("cgroup_skb/egress")
int on_cgroup(struct __sk_buff *skb)
{
	count(4);
	return 1;
}

SEC("sk_lookup")
int on_lookup(struct bpf_sk_lookup *ctx)
{
	count(5);
	return SK_PASS;
}

SEC("socket")
int on_block(struct __sk_buff *skb)
{
	count(6);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
