// SPDX-License-Identifier: GPL-2.0
/* Reports what the steps of scenarios do that no gadget of ours sees: probes of a program, block requests. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

#include <gadget/buffer.h>
#include <gadget/common.h>
#include <gadget/macros.h>
#include <gadget/types.h>

struct event {
	struct gadget_process proc;
	char kind[16];
	__u64 argument;
};

GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(targets, events, event);

static __always_inline int report(void *ctx, const char *kind, __u32 size, __u64 argument)
{
	struct event *event = gadget_reserve_buf(&events, sizeof(*event));

	if (!event)
		return 0;
	gadget_process_populate(&event->proc);
	__builtin_memset(event->kind, 0, sizeof(event->kind));
	__builtin_memcpy(event->kind, kind, size);
	event->argument = argument;
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

#define REPORT(ctx, kind, argument) report(ctx, kind, sizeof(kind), argument)

SEC("uprobe/gadget-run:gadgetkit_target")
int BPF_UPROBE(on_target, long argument)
{
	return REPORT(ctx, "uprobe", argument);
}

SEC("uprobe/gadget-run:malloc")
int BPF_UPROBE(on_malloc, __u64 size)
{
	return size == 7654321 ? REPORT(ctx, "malloc", size) : 0;
}

SEC("usdt/gadget-run:gadgetkit:target")
int BPF_USDT(on_usdt, long argument)
{
	return REPORT(ctx, "usdt", argument);
}

SEC("raw_tracepoint/block_rq_complete")
int on_request(struct bpf_raw_tracepoint_args *ctx)
{
	return REPORT(ctx, "block", ctx->args[2]);
}

char LICENSE[] SEC("license") = "GPL";
