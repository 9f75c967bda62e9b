// SPDX-License-Identifier: GPL-2.0
/* gadget/sockets-map.h and gadget/filter.h in a program that sees packets. */
#include <linux/types.h>
#include <linux/bpf.h>
#define GADGET_TYPE_NETWORKING
#include <gadget/sockets-map.h>
#include <gadget/filter.h>

#define AT(member, offset) \
	_Static_assert(__builtin_offsetof(struct gadget_socket_key, member) == (offset), #member)

_Static_assert(sizeof(struct gadget_socket_key) == 12, "size of the key");
AT(netns, 0);
AT(family, 4);
AT(proto, 6);
AT(port, 8);
_Static_assert(GADGET_MAX_SOCKETS == 16384, "entries");

/* The values of the kernel, for which no header need be included. */
_Static_assert(GADGET_SE_PACKET_HOST == 0 && GADGET_SE_ETH_HLEN == 14 &&
		       GADGET_SE_ETH_P_IP == 0x0800 && GADGET_SE_ETH_P_IPV6 == 0x86DD &&
		       GADGET_SE_AF_INET == 2 && GADGET_SE_AF_INET6 == 10 &&
		       GADGET_SE_IPV6_HLEN == 40 && GADGET_SE_IPV6_NEXTHDR_OFFSET == 6 &&
		       GADGET_SE_TCPHDR_DEST_OFFSET == 2 && GADGET_SE_TCPHDR_SOURCE_OFFSET == 0 &&
		       GADGET_SE_UDPHDR_DEST_OFFSET == 2 && GADGET_SE_UDPHDR_SOURCE_OFFSET == 0 &&
		       GADGET_SE_NEXTHDR_HOP == 0 && GADGET_SE_NEXTHDR_TCP == 6 &&
		       GADGET_SE_NEXTHDR_UDP == 17 && GADGET_SE_NEXTHDR_ROUTING == 43 &&
		       GADGET_SE_NEXTHDR_FRAGMENT == 44 && GADGET_SE_NEXTHDR_AUTH == 51 &&
		       GADGET_SE_NEXTHDR_NONE == 59 && GADGET_SE_NEXTHDR_DEST == 60,
	       "constants");

struct gadget_process last;

SEC("socket1")
int packet(struct __sk_buff *skb)
{
	struct gadget_socket_value *value = gadget_socket_lookup(skb);

	if (gadget_should_discard_data_by_skb(value))
		return 0;
	gadget_process_populate_from_socket(value, &last);
	return 0;
}

SEC("classifier/ingress/packet")
int classified_packet(struct __sk_buff *skb)
{
	struct gadget_socket_value *value = gadget_socket_lookup_with_direction(skb, 1);

	if (!gadget_should_discard_data_by_skb(value))
		gadget_process_populate_from_socket(value, &last);
	return -1;
}

char _license[] SEC("license") = "GPL";
