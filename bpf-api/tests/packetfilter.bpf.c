// SPDX-License-Identifier: GPL-2.0
/* gadget/packetfilter.h, with a filter of no name and one with a name. */
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <gadget/packetfilter.h>
#include <bpf/bpf_helpers.h>

GADGET_PF();
GADGET_PF(inner);

_Static_assert(COUNT_ARGS(a, b, c) == 3, "number of arguments");

SEC("classifier/ingress/drop")
int drop(struct __sk_buff *skb)
{
	void *data_end = (void *)(long)skb->data_end;
	void *data = (void *)(long)skb->data;

	if (!gadget_pf_matches(skb, data, data_end))
		return TC_ACT_UNSPEC;
	return gadget_pf_matches(inner, skb, data, data_end) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
