// SPDX-License-Identifier: GPL-2.0
// The least that a congestion control needs (kernel: struct tcp_congestion_ops, found by its field names).
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct sock;

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

SEC("struct_ops/on_ssthresh")
__u32 on_ssthresh(__u64 *ctx)
{
	return 2;
}

SEC("struct_ops/on_avoid")
void on_avoid(__u64 *ctx)
{
}

SEC("struct_ops/on_undo")
__u32 on_undo(__u64 *ctx)
{
	return 2;
}

SEC(".struct_ops")
struct tcp_congestion_ops operations = {
	.ssthresh = (void *)on_ssthresh,
	.cong_avoid = (void *)on_avoid,
	.undo_cwnd = (void *)on_undo,
	.name = "gadget_cc",
};

char LICENSE[] SEC("license") = "GPL";
