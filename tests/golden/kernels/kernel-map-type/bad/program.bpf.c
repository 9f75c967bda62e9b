// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("kprobe/vfs_read")
int on_read(void *ctx)
{
	return bpf_map_lookup_elem(&events, ctx) != 0;
}

char LICENSE[] SEC("license") = "GPL";
