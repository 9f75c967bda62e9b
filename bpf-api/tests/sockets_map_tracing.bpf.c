// SPDX-License-Identifier: GPL-2.0
/* gadget/sockets-map.h in a program that has a socket. */
#include <vmlinux.h>
#define GADGET_TYPE_TRACING
#include <gadget/sockets-map.h>
#include <bpf/bpf_tracing.h>

struct gadget_process last;

SEC("kprobe/tcp_close")
int BPF_KPROBE(closed, struct sock *sk)
{
	__u32 netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);

	gadget_process_populate_from_socket(gadget_socket_lookup(sk, netns), &last);
	return 0;
}

SEC("kprobe/tcp_connect")
int BPF_KPROBE(by_name, struct sock *sk)
{
	struct gadget_socket_key key = { .netns = 1, .family = 2, .proto = 6, .port = 80 };

	return bpf_map_lookup_elem(&gadget_sockets, &key) != NULL;
}

char _license[] SEC("license") = "GPL";
