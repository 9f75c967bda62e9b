// SPDX-License-Identifier: GPL-2.0
// Hooks that decide something: security, modified results, socket maps, replaced functions. All for one process.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 target_tgid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} jumps SEC(".maps");

static __always_inline void count(__u32 kind)
{
	__u64 *value = bpf_map_lookup_elem(&hits, &kind);

	if (value)
		__sync_fetch_and_add(value, 1);
}

/* bpf(BPF_MAP_LOOKUP_ELEM) of this process is denied. */
SEC("lsm/bpf")
int on_bpf(__u64 *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != target_tgid || ctx[0] != BPF_MAP_LOOKUP_ELEM)
		return 0;
	count(0);
	return -1;
}

SEC("fmod_ret/security_task_getpgid")
int on_modified(__u64 *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != target_tgid)
		return 0;
	count(1);
	return -1;
}

SEC("sockops")
int on_sockops(struct bpf_sock_ops *ops)
{
	count(2);
	return 1;
}

SEC("sk_msg")
int on_message(struct sk_msg_md *msg)
{
	count(3);
	return SK_PASS;
}

SEC("sk_skb/stream_verdict")
int on_stream(struct __sk_buff *skb)
{
	count(4);
	return SK_PASS;
}

__attribute__((noinline)) int replaceable(struct __sk_buff *skb)
{
	volatile int result = 1;

	return skb ? result : 0;
}

SEC("tc")
int on_caller(struct __sk_buff *skb)
{
	return replaceable(skb);
}

SEC("freplace/replaceable")
int on_replacement(struct __sk_buff *skb)
{
	return 77;
}

/* one -> two (same object) -> three (another Manager's) */
SEC("tc/one")
int on_one(struct __sk_buff *skb)
{
	count(5);
	bpf_tail_call(skb, &jumps, 1);
	return TC_ACT_UNSPEC;
}

SEC("tc/two")
int on_two(struct __sk_buff *skb)
{
	count(6);
	bpf_tail_call(skb, &jumps, 2);
	return TC_ACT_UNSPEC;
}

SEC("tc/three")
int on_three(struct __sk_buff *skb)
{
	count(7);
	return TC_ACT_UNSPEC;
}

SEC("ksyscall/getpgid")
int on_ksyscall(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == target_tgid)
		count(4);
	return 0;
}

SEC("kprobe")
int on_function(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == target_tgid)
		count(5);
	return 0;
}

SEC("kretprobe")
int on_function_return(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == target_tgid)
		count(6);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
