// SPDX-License-Identifier: GPL-2.0
/*
 * What our bpf/bpf_core_read.h adds. The first program can be run by
 * BPF_PROG_TEST_RUN: it returns 0 or the line of the check that failed.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* A type of the kernel with bit fields. Its reserved bits vary, these do not. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tcphdr);
} scratch SEC(".maps");

SEC("socket")
int check(struct __sk_buff *skb)
{
	struct tcphdr *tcp;
	__u32 zero = 0;

	tcp = bpf_map_lookup_elem(&scratch, &zero);
	if (!tcp)
		return __LINE__;
	__builtin_memset(tcp, 0xff, sizeof(*tcp));

	BPF_CORE_WRITE_BITFIELD(tcp, doff, 10);
	if (BPF_CORE_READ_BITFIELD(tcp, doff) != 10)
		return __LINE__;
	if (BPF_CORE_READ_BITFIELD(tcp, fin) != 1 || BPF_CORE_READ_BITFIELD(tcp, urg) != 1)
		return __LINE__;

	/* What does not fit is cut off, and the neighbours stay. */
	BPF_CORE_WRITE_BITFIELD(tcp, syn, 2);
	if (BPF_CORE_READ_BITFIELD(tcp, syn) != 0)
		return __LINE__;
	if (BPF_CORE_READ_BITFIELD(tcp, fin) != 1 || BPF_CORE_READ_BITFIELD(tcp, rst) != 1)
		return __LINE__;

	/* An integer is a bit field of all bits. */
	BPF_CORE_WRITE_BITFIELD(tcp, seq, 0x11223344);
	BPF_CORE_WRITE_BITFIELD(tcp, window, 0x5566);
	if (tcp->seq != 0x11223344 || tcp->window != 0x5566)
		return __LINE__;
	if (tcp->source != 0xffff || tcp->ack_seq != 0xffffffff || tcp->check != 0xffff)
		return __LINE__;
	return 0;
}

__u32 pid;
char comm[16];

/* As a const member is read into a variable that is not. */
struct constant_member {
	const __u32 value;
};

SEC("raw_tracepoint/sys_exit")
int chains(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct constant_member here = { 1 };
	__u32 value, parent = 0;

	BPF_PROBE_READ_INTO(&parent, task, real_parent, tgid);
	BPF_PROBE_READ_STR_INTO(&comm, task, group_leader, comm);
	value = BPF_PROBE_READ(&here, value);
	pid = parent + value;
	return 0;
}

char _license[] SEC("license") = "GPL";
