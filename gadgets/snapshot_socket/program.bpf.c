// SPDX-License-Identifier: GPL-2.0
/* Lists TCP and UDP sockets. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include <gadget/macros.h>
#include <gadget/types.h>

#define AF_INET6 10
#define IPPROTO_TCP_NUMBER 6
#define IPPROTO_UDP_NUMBER 17

/* Names as ss(8) has them; values of include/net/tcp_states.h. */
enum socket_state {
	ESTABLISHED = 1,
	SYN_SENT,
	SYN_RECV,
	FIN_WAIT1,
	FIN_WAIT2,
	TIME_WAIT,
	CLOSE,
	CLOSE_WAIT,
	LAST_ACK,
	LISTEN,
	CLOSING,
	NEW_SYN_RECV,
};

struct socket_entry {
	struct gadget_l4endpoint_t src;
	struct gadget_l4endpoint_t dst;
	enum socket_state state_raw;
	gadget_uid uid;
	__u64 inode;
	gadget_netns_id netns_id;
	__u32 __padding[3];
};

GADGET_ITER(sockets, socket_entry, list_tcp, list_udp);

static __always_inline void fill_endpoints(struct socket_entry *entry,
					   struct sock_common *common,
					   __u16 protocol)
{
	entry->src.proto_raw = entry->dst.proto_raw = protocol;
	entry->src.port = BPF_CORE_READ(common, skc_num);
	entry->dst.port = bpf_ntohs(BPF_CORE_READ(common, skc_dport));
	if (BPF_CORE_READ(common, skc_family) == AF_INET6) {
		entry->src.version = entry->dst.version = 6;
		BPF_CORE_READ_INTO(&entry->src.addr_raw.v6, common,
				   skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&entry->dst.addr_raw.v6, common,
				   skc_v6_daddr.in6_u.u6_addr8);
	} else {
		entry->src.version = entry->dst.version = 4;
		entry->src.addr_raw.v4 = BPF_CORE_READ(common, skc_rcv_saddr);
		entry->dst.addr_raw.v4 = BPF_CORE_READ(common, skc_daddr);
	}
	entry->state_raw = BPF_CORE_READ(common, skc_state);
	entry->netns_id = BPF_CORE_READ(common, skc_net.net, ns.inum);
}

/* Sockets that wait for their end are smaller: they have no inode. */
static __always_inline bool is_full(struct sock_common *common)
{
	__u8 state = BPF_CORE_READ(common, skc_state);

	return state != TIME_WAIT && state != NEW_SYN_RECV;
}

static __always_inline __u64 inode_of(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	if (!socket)
		return 0;
	return BPF_CORE_READ(container_of(socket, struct socket_alloc, socket),
			     vfs_inode.i_ino);
}

SEC("iter/tcp")
int list_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct socket_entry entry = {};

	if (!common)
		return 0;
	fill_endpoints(&entry, common, IPPROTO_TCP_NUMBER);
	entry.uid = ctx->uid;
	if (is_full(common))
		entry.inode = inode_of((struct sock *)common);
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

SEC("iter/udp")
int list_udp(struct bpf_iter__udp *ctx)
{
	struct udp_sock *sock = ctx->udp_sk;
	struct socket_entry entry = {};

	if (!sock)
		return 0;
	fill_endpoints(&entry, &sock->inet.sk.__sk_common, IPPROTO_UDP_NUMBER);
	entry.uid = ctx->uid;
	entry.inode = inode_of(&sock->inet.sk);
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
