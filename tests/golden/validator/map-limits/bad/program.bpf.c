// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16);
	__uint(key_size, 4);
	__uint(value_size, 127 * 4);
} values SEC(".maps");

SEC("kprobe/do_unlinkat")
int on_event(void *ctx)
{
	return bpf_get_stackid(ctx, &values, 0);
}

char LICENSE[] SEC("license") = "GPL";
