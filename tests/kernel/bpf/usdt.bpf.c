// SPDX-License-Identifier: GPL-2.0
// Sums the argument of a USDT probe of the test executable.
#include <stdbool.h>
#include <linux/bpf.h>
#include <asm/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

SEC("usdt")
int BPF_USDT(on_usdt, long value)
{
	__u32 key = 0;
	__u64 *sum = bpf_map_lookup_elem(&hits, &key);

	if (sum)
		__sync_fetch_and_add(sum, value);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
