// SPDX-License-Identifier: GPL-2.0
// The lengths of packets that a filter of the user takes.
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include <gadget/macros.h>
#include <gadget/packetfilter.h>

struct packet {
	__u32 length;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} packets SEC(".maps");

GADGET_TRACER(packets, packets, packet);

/* Others in front and behind: the section has more than the filters. */
static __attribute__((noinline)) __u32 length_of(struct __sk_buff *skb)
{
	return skb->len;
}

GADGET_PF();
GADGET_PF(second);

static __attribute__((noinline)) int report(struct __sk_buff *skb)
{
	struct packet packet = { length_of(skb) };

	return bpf_ringbuf_output(&packets, &packet, sizeof(packet), 0);
}

SEC("classifier/ingress/all")
int on_packet(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;

	if (gadget_pf_matches(skb, data, data_end) &&
	    gadget_pf_matches(second, skb, data, data_end))
		report(skb);
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
