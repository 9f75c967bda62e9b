/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * From a packet or a socket to the process behind it. The socket enricher of
 * userspace fills the map; here are the ways to look it up.
 *
 * Define before inclusion:
 *   GADGET_TYPE_NETWORKING in socket filters and classifiers, or
 *   GADGET_TYPE_TRACING    in programs that have a struct sock.
 */
#ifndef __GADGET_SOCKETS_MAP_H
#define __GADGET_SOCKETS_MAP_H

#if !defined(__VMLINUX_H__) && !defined(_LINUX_TYPES_H)
#error "include vmlinux.h or linux/types.h before gadget/sockets-map.h"
#endif

#if defined(GADGET_TYPE_NETWORKING) && defined(GADGET_TYPE_TRACING)
#error "define one of GADGET_TYPE_NETWORKING and GADGET_TYPE_TRACING, not both"
#endif

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <gadget/types.h>

/* vmlinux.h has no macros, and the uapi headers do not go with it. */
#define GADGET_SE_PACKET_HOST 0
#define GADGET_SE_ETH_HLEN 14
#define GADGET_SE_ETH_P_IP 0x0800
#define GADGET_SE_ETH_P_IPV6 0x86DD
#define GADGET_SE_AF_INET 2
#define GADGET_SE_AF_INET6 10

#define GADGET_SE_IPV6_HLEN 40
#define GADGET_SE_IPV6_NEXTHDR_OFFSET 6

#define GADGET_SE_TCPHDR_DEST_OFFSET 2
#define GADGET_SE_TCPHDR_SOURCE_OFFSET 0
#define GADGET_SE_UDPHDR_DEST_OFFSET 2
#define GADGET_SE_UDPHDR_SOURCE_OFFSET 0

#define GADGET_SE_NEXTHDR_HOP 0
#define GADGET_SE_NEXTHDR_TCP 6
#define GADGET_SE_NEXTHDR_UDP 17
#define GADGET_SE_NEXTHDR_ROUTING 43
#define GADGET_SE_NEXTHDR_FRAGMENT 44
#define GADGET_SE_NEXTHDR_AUTH 51
#define GADGET_SE_NEXTHDR_NONE 59
#define GADGET_SE_NEXTHDR_DEST 60

#define GADGET_MAX_SOCKETS 16384

/* A socket, by its local port in host byte order. Has padding: clear it. */
struct gadget_socket_key {
	__u32 netns;
	__u16 family;
	__u8 proto;
	__u16 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GADGET_MAX_SOCKETS);
	__type(key, struct gadget_socket_key);
	__type(value, struct gadget_socket_value);
} gadget_sockets SEC(".maps");

static __always_inline struct gadget_socket_value *
__gadget_socket_find(__u32 netns, __u16 family, __u8 proto, __u16 port)
{
	struct gadget_socket_key key;

	__builtin_memset(&key, 0, sizeof(key));
	key.netns = netns;
	key.family = family;
	key.proto = proto;
	key.port = port;
	return bpf_map_lookup_elem(&gadget_sockets, &key);
}

#ifdef GADGET_TYPE_NETWORKING

/* Longest chain of IPv6 extension headers that is followed. */
#define __GADGET_SE_MAX_EXT_HEADERS 6

/* Where the transport header is, and what it is. */
struct __gadget_se_transport {
	__u32 off;
	__u16 family;
	__u8 proto;
};

static __always_inline bool
__gadget_se_parse_ipv4(const struct __sk_buff *skb,
		       struct __gadget_se_transport *transport)
{
	__u8 version_ihl, proto;

	if (bpf_skb_load_bytes(skb, GADGET_SE_ETH_HLEN, &version_ihl, 1) ||
	    bpf_skb_load_bytes(skb, GADGET_SE_ETH_HLEN + 9, &proto, 1))
		return false;

	transport->off = GADGET_SE_ETH_HLEN + (version_ihl & 0xf) * 4;
	transport->family = GADGET_SE_AF_INET;
	transport->proto = proto;
	return true;
}

static __always_inline bool
__gadget_se_parse_ipv6(const struct __sk_buff *skb,
		       struct __gadget_se_transport *transport)
{
	__u32 off = GADGET_SE_ETH_HLEN + GADGET_SE_IPV6_HLEN;
	__u8 next;

	if (bpf_skb_load_bytes(skb,
			       GADGET_SE_ETH_HLEN +
				       GADGET_SE_IPV6_NEXTHDR_OFFSET,
			       &next, 1))
		return false;

#pragma unroll
	for (int i = 0; i <= __GADGET_SE_MAX_EXT_HEADERS; i++) {
		__u8 ext[2]; /* next header, length */

		switch (next) {
		case GADGET_SE_NEXTHDR_TCP:
		case GADGET_SE_NEXTHDR_UDP:
			transport->off = off;
			transport->family = GADGET_SE_AF_INET6;
			transport->proto = next;
			return true;
		case GADGET_SE_NEXTHDR_HOP:
		case GADGET_SE_NEXTHDR_ROUTING:
		case GADGET_SE_NEXTHDR_FRAGMENT:
		case GADGET_SE_NEXTHDR_AUTH:
		case GADGET_SE_NEXTHDR_DEST:
			break;
		default:
			return false;
		}

		if (bpf_skb_load_bytes(skb, off, ext, sizeof(ext)))
			return false;
		if (next == GADGET_SE_NEXTHDR_FRAGMENT)
			off += 8;
		else if (next == GADGET_SE_NEXTHDR_AUTH)
			off += (ext[1] + 2) * 4;
		else
			off += (ext[1] + 1) * 8;
		next = ext[0];
	}
	return false;
}

/*
 * gadget_socket_lookup_with_direction - the socket of a packet on this host
 * @skb: starts with an Ethernet header; its cb[0] is the network namespace,
 *	 put there by userspace
 * @is_ingress: the packet comes in: the local port is the destination
 *
 * Returns NULL for anything but TCP and UDP, and for an unknown socket.
 */
static __always_inline struct gadget_socket_value *
gadget_socket_lookup_with_direction(const struct __sk_buff *skb,
				    __u8 is_ingress)
{
	struct __gadget_se_transport transport = {};
	struct gadget_socket_value *value;
	__u32 port_off;
	__u16 port;
	bool ok;

	switch (skb->protocol) {
	case bpf_htons(GADGET_SE_ETH_P_IP):
		ok = __gadget_se_parse_ipv4(skb, &transport);
		break;
	case bpf_htons(GADGET_SE_ETH_P_IPV6):
		ok = __gadget_se_parse_ipv6(skb, &transport);
		break;
	default:
		ok = false;
	}
	if (!ok)
		return NULL;

	switch (transport.proto) {
	case GADGET_SE_NEXTHDR_TCP:
		port_off = is_ingress ? GADGET_SE_TCPHDR_DEST_OFFSET :
					GADGET_SE_TCPHDR_SOURCE_OFFSET;
		break;
	case GADGET_SE_NEXTHDR_UDP:
		port_off = is_ingress ? GADGET_SE_UDPHDR_DEST_OFFSET :
					GADGET_SE_UDPHDR_SOURCE_OFFSET;
		break;
	default:
		return NULL;
	}
	if (bpf_skb_load_bytes(skb, transport.off + port_off, &port,
			       sizeof(port)))
		return NULL;
	port = bpf_ntohs(port);

	value = __gadget_socket_find(skb->cb[0], transport.family,
				     transport.proto, port);
	if (value || transport.family != GADGET_SE_AF_INET)
		return value;

	/* An IPv6 socket takes IPv4 packets, unless it was told not to. */
	value = __gadget_socket_find(skb->cb[0], GADGET_SE_AF_INET6,
				     transport.proto, port);
	if (value && value->ipv6only)
		return NULL;
	return value;
}

/*
 * gadget_socket_lookup - as above; the type of the packet tells the direction.
 * Not for classifiers: there the type is not known yet.
 */
static __always_inline struct gadget_socket_value *
gadget_socket_lookup(const struct __sk_buff *skb)
{
	return gadget_socket_lookup_with_direction(
		skb, skb->pkt_type == GADGET_SE_PACKET_HOST);
}

#endif /* GADGET_TYPE_NETWORKING */

#ifdef GADGET_TYPE_TRACING

/*
 * gadget_socket_lookup - what the enricher knows of a socket
 * @sk: the socket
 * @netns: inode number of its network namespace
 *
 * Returns NULL for anything but TCP and UDP, and for an unknown socket.
 */
static __always_inline struct gadget_socket_value *
gadget_socket_lookup(const struct sock *sk, __u32 netns)
{
	const struct inet_sock *inet = (const struct inet_sock *)sk;
	/* A bit field before Linux 5.6. */
	__u8 proto = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol);

	if (proto != GADGET_SE_NEXTHDR_TCP && proto != GADGET_SE_NEXTHDR_UDP)
		return NULL;

	return __gadget_socket_find(netns,
				    BPF_CORE_READ(sk, __sk_common.skc_family),
				    proto,
				    bpf_ntohs(BPF_CORE_READ(inet, inet_sport)));
}

#endif /* GADGET_TYPE_TRACING */

/* gadget_process_populate_from_socket - describe the process of a socket. */
static __always_inline void
gadget_process_populate_from_socket(const struct gadget_socket_value *skb_val,
				    struct gadget_process *p)
{
	if (!skb_val)
		return;

	p->mntns_id = skb_val->mntns;
	p->pid = skb_val->pid_tgid >> 32;
	p->tid = (__u32)skb_val->pid_tgid;
	__builtin_memcpy(p->comm, skb_val->task, sizeof(p->comm));
	p->creds.uid = (__u32)skb_val->uid_gid;
	p->creds.gid = skb_val->uid_gid >> 32;
	__builtin_memcpy(p->parent.comm, skb_val->ptask,
			 sizeof(p->parent.comm));
	p->parent.pid = skb_val->ppid;
	if (bpf_core_field_exists(skb_val->ptid))
		p->parent.tid = skb_val->ptid;
}

#endif /* __GADGET_SOCKETS_MAP_H */
