// SPDX-License-Identifier: GPL-2.0
/* A filter takes a packet and its ends. */
#include <linux/types.h>
#include <linux/bpf.h>
#include <gadget/packetfilter.h>
#include <bpf/bpf_helpers.h>

GADGET_PF();

SEC("classifier/ingress/drop")
int too_few(struct __sk_buff *skb)
{
	return gadget_pf_matches(skb, skb);
}
