// SPDX-License-Identifier: GPL-2.0
/* Reports IPv4 packets. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include <gadget/buffer.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define ETH_P_IP 0x0800
#define ETH_HLEN 14

/* One event. Each member is a field of the data source; gadget.yaml describes them. */
struct packet {
	gadget_timestamp timestamp_raw;
	struct gadget_l3endpoint_t src;
	struct gadget_l3endpoint_t dst;
	gadget_netns_id netns_id;
	__u32 length;
	/* Of IP: 1 is ICMP, 6 TCP, 17 UDP. */
	__u8 protocol;
	__u8 __padding[3];
};

/* Where events are written to, and the data source that they belong to: name, map, struct. */
GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(@name@, events, packet);

/* A parameter: 'gadget run ... --only_protocol'; 0 means all. */
const volatile __u8 only_protocol = 0;
GADGET_PARAM(only_protocol);

/* Inspektor Gadget attaches programs of "socket" sections to the interfaces of a network namespace. */
SEC("socket1")
int @name@_packet(struct __sk_buff *skb)
{
	struct packet *packet;
	struct iphdr ip;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return 0;
	if (only_protocol && ip.protocol != only_protocol)
		return 0;

	packet = gadget_reserve_buf(&events, sizeof(*packet));
	if (!packet)
		return 0;
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->timestamp_raw = bpf_ktime_get_boot_ns();
	packet->src.version = packet->dst.version = 4;
	packet->src.addr_raw.v4 = ip.saddr;
	packet->dst.addr_raw.v4 = ip.daddr;
	/* Inspektor Gadget puts the network namespace there. */
	packet->netns_id = skb->cb[0];
	packet->length = skb->len;
	packet->protocol = ip.protocol;
	gadget_submit_buf(skb, &events, packet, sizeof(*packet));
	return 0;
}

char _license[] SEC("license") = "GPL";
