// SPDX-License-Identifier: GPL-2.0
/* Bloom filters came with Linux 5.16. */
#include "verdict.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 64);
	__type(value, __u64);
} seen SEC(".maps");

SEC("raw_tp/sched_process_exit")
int on_exit(void *ctx)
{
	__u64 value = 1;

	return report(bpf_map_peek_elem(&seen, &value));
}

char LICENSE[] SEC("license") = "GPL";
