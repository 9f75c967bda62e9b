// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>

struct key {
	__u32 pid;
};

struct value {
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key);
	__type(value, struct value);
} counts SEC(".maps");

GADGET_MAPITER(counters, counts);

SEC("kprobe/do_unlinkat")
int on_event(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
