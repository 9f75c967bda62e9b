// SPDX-License-Identifier: GPL-2.0
// Kinds that only newer kernels load, apart from net.bpf.c because of that.
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

SEC("netfilter")
int on_netfilter(void *ctx)
{
	count(0);
	return 1; /* NF_ACCEPT */
}

SEC("netkit/primary")
int on_netkit(struct __sk_buff *skb)
{
	count(1);
	return TC_ACT_UNSPEC; /* NETKIT_NEXT */
}

char LICENSE[] SEC("license") = "GPL";
