// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>
#define GADGET_NO_BUF_RESERVE
#include <gadget/buffer.h>
#include <gadget/types.h>

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 127 * sizeof(__u64));
	__uint(max_entries, 10000);
} ig_kstack SEC(".maps");

struct event {
	gadget_kernel_stack stack_raw;
};

GADGET_TRACER_MAP(events, 1024 * 256);

GADGET_TRACER(open, events, event);

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(void *ctx)
{
	struct event event = {};

	return gadget_output_buf(ctx, &events, &event, sizeof(event));
}

char LICENSE[] SEC("license") = "GPL";
