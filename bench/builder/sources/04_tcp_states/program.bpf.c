// SPDX-License-Identifier: GPL-2.0
/* Reports changes of the state of TCP sockets, and how long each state took. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include <gadget/buffer.h>
#include <gadget/common.h>
#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define AF_INET 2
#define AF_INET6 10

enum tcp_step {
	NO_STATE,
	ESTABLISHED,
	SYN_SENT,
	SYN_RECV,
	FIN_WAIT1,
	FIN_WAIT2,
	TIME_WAIT,
	CLOSED,
	CLOSE_WAIT,
	LAST_ACK,
	LISTEN,
	CLOSING,
	NEW_SYN_RECV,
};

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;

	gadget_netns_id netns_id;
	struct gadget_l4endpoint_t src;
	struct gadget_l4endpoint_t dst;
	gadget_duration duration_raw;
	enum tcp_step from_raw;
	enum tcp_step to_raw;
	gadget_bytes sent_raw;
	gadget_bytes received_raw;
	__u32 rtt_us;
	__u32 retransmits;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 10240);
	__type(key, struct sock *);
	__type(value, __u64);
} since SEC(".maps");

GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(tcpstates, events, event);

const volatile __u16 only_port = 0;
const volatile __u64 min_duration_us = 0;
const volatile bool ipv6 = true;
GADGET_PARAM(only_port);
GADGET_PARAM(min_duration_us);
GADGET_PARAM(ipv6);

static __always_inline int read_endpoints(struct event *event, struct sock *sk, int family)
{
	event->src.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	event->dst.port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	event->src.proto_raw = event->dst.proto_raw = IPPROTO_TCP;
	if (family == AF_INET) {
		event->src.version = event->dst.version = 4;
		BPF_CORE_READ_INTO(&event->src.addr_raw.v4, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO(&event->dst.addr_raw.v4, sk, __sk_common.skc_daddr);
		return 0;
	}
	if (family == AF_INET6 && ipv6) {
		event->src.version = event->dst.version = 6;
		BPF_CORE_READ_INTO(&event->src.addr_raw.v6, sk,
				   __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&event->dst.addr_raw.v6, sk,
				   __sk_common.skc_v6_daddr.in6_u.u6_addr8);
		return 0;
	}
	return -1;
}

SEC("tracepoint/sock/inet_sock_set_state")
int state_changed(struct trace_event_raw_inet_sock_set_state *ctx)
{
	struct sock *sk = (struct sock *)ctx->skaddr;
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	__u64 now = bpf_ktime_get_ns();
	__u64 *start, duration;
	struct event *event;
	int to = ctx->newstate;

	if (ctx->protocol != IPPROTO_TCP)
		return 0;
	if (only_port && ctx->sport != only_port && ctx->dport != only_port)
		return 0;
	if (gadget_should_discard_data_current())
		return 0;
	start = bpf_map_lookup_elem(&since, &sk);
	duration = start ? now - *start : 0;
	if (to == CLOSED)
		bpf_map_delete_elem(&since, &sk);
	else
		bpf_map_update_elem(&since, &sk, &now, BPF_ANY);
	if (duration < min_duration_us * 1000)
		return 0;

	event = gadget_reserve_buf(&events, sizeof(*event));
	if (!event)
		return 0;
	if (read_endpoints(event, sk, ctx->family)) {
		gadget_discard_buf(event);
		return 0;
	}
	event->timestamp_raw = bpf_ktime_get_boot_ns();
	gadget_process_populate(&event->proc);
	event->netns_id = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	event->duration_raw = duration;
	event->from_raw = ctx->oldstate;
	event->to_raw = to;
	event->sent_raw = BPF_CORE_READ(tcp, bytes_acked);
	event->received_raw = BPF_CORE_READ(tcp, bytes_received);
	event->rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
	event->retransmits = BPF_CORE_READ(tcp, total_retrans);
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

char _license[] SEC("license") = "GPL";
