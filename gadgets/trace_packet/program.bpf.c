// SPDX-License-Identifier: GPL-2.0
/* Reports packets, with their first bytes. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include <gadget/buffer.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define ETH_HLEN 14
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD
#define IPV4_PROTOCOL 9
#define IPV4_SOURCE 12
#define IPV4_DESTINATION 16
#define IPV6_NEXT_HEADER 6
#define IPV6_SOURCE 8
#define IPV6_DESTINATION 24
#define IPV6_HLEN 40
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define SNAP_SIZE 128

enum direction {
	incoming = 0,
	broadcast = 1,
	multicast = 2,
	other_host = 3,
	outgoing = 4,
};

struct packet {
	gadget_timestamp timestamp_raw;
	struct gadget_l4endpoint_t src;
	struct gadget_l4endpoint_t dst;
	__u32 length;
	__u32 ifindex;
	enum direction direction_raw;
	gadget_netns_id netns_id;
	__u32 captured;
	__u32 __padding[3];
	__u8 payload[SNAP_SIZE];
};

GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(packets, events, packet);

const volatile __u16 targ_port = 0;
GADGET_PARAM(targ_port);

static __always_inline bool read_ipv4(struct __sk_buff *skb,
				      struct packet *packet, __u32 *ports_at)
{
	__u8 first;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &first, sizeof(first)) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN + IPV4_SOURCE,
			       &packet->src.addr_raw.v4, 4) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN + IPV4_DESTINATION,
			       &packet->dst.addr_raw.v4, 4))
		return false;
	*ports_at = ETH_HLEN + (first & 15) * 4;
	packet->src.version = packet->dst.version = 4;
	return true;
}

static __always_inline bool read_ipv6(struct __sk_buff *skb,
				      struct packet *packet, __u32 *ports_at)
{
	if (bpf_skb_load_bytes(skb, ETH_HLEN + IPV6_SOURCE,
			       packet->src.addr_raw.v6, 16) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN + IPV6_DESTINATION,
			       packet->dst.addr_raw.v6, 16))
		return false;
	*ports_at = ETH_HLEN + IPV6_HLEN;
	packet->src.version = packet->dst.version = 6;
	return true;
}

static __always_inline bool read_headers(struct __sk_buff *skb,
					 struct packet *packet)
{
	__u32 protocol_at = ETH_HLEN + IPV4_PROTOCOL;
	__u16 type = bpf_ntohs(skb->protocol);
	__u32 ports_at = 0;
	__u8 protocol = 0;
	__be16 ports[2];

	if (type == ETH_P_IP) {
		if (!read_ipv4(skb, packet, &ports_at))
			return false;
	} else if (type == ETH_P_IPV6) {
		protocol_at = ETH_HLEN + IPV6_NEXT_HEADER;
		if (!read_ipv6(skb, packet, &ports_at))
			return false;
	} else {
		return false;
	}
	if (bpf_skb_load_bytes(skb, protocol_at, &protocol, sizeof(protocol)))
		return false;
	packet->src.proto_raw = packet->dst.proto_raw = protocol;
	if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP)
		return true;
	if (bpf_skb_load_bytes(skb, ports_at, ports, sizeof(ports)))
		return true;
	packet->src.port = bpf_ntohs(ports[0]);
	packet->dst.port = bpf_ntohs(ports[1]);
	return true;
}

static __always_inline void copy_payload(struct __sk_buff *skb,
					 struct packet *packet)
{
	__u32 size = skb->len;

	if (size == 0)
		return;
	if (size > SNAP_SIZE)
		size = SNAP_SIZE;
	/*
	 * The verifier wants to see both bounds, before Linux 6.2 as a mask; the
	 * compiler, which knows them, must not take the mask away.
	 */
	size--;
	barrier_var(size);
	size = (size & (SNAP_SIZE - 1)) + 1;
	if (!bpf_skb_load_bytes(skb, 0, packet->payload, size))
		packet->captured = size;
}

SEC("socket1")
int on_packet(struct __sk_buff *skb)
{
	struct packet *packet;

	packet = gadget_reserve_buf(&events, sizeof(*packet));
	if (!packet)
		return 0;
	__builtin_memset(packet, 0, sizeof(*packet));
	if (!read_headers(skb, packet))
		goto discard;
	if (targ_port && targ_port != packet->src.port &&
	    targ_port != packet->dst.port)
		goto discard;
	packet->timestamp_raw = bpf_ktime_get_boot_ns();
	packet->length = skb->len;
	packet->ifindex = skb->ifindex;
	packet->direction_raw = skb->pkt_type;
	/* Inspektor Gadget puts the network namespace there. */
	packet->netns_id = skb->cb[0];
	copy_payload(skb, packet);
	gadget_submit_buf(skb, &events, packet, sizeof(*packet));
	return 0;
discard:
	gadget_discard_buf(packet);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
