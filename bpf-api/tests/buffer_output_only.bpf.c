// SPDX-License-Identifier: GPL-2.0
/* gadget/buffer.h without the scratch map, in a program without vmlinux.h. */
#include <linux/types.h>
#include <linux/bpf.h>

#define GADGET_NO_BUF_RESERVE
#include <gadget/buffer.h>

GADGET_TRACER_MAP(events, 256 * 1024);

/* The name is free. */
__u64 gadget_heap;

SEC("raw_tracepoint/sys_exit")
int output(void *ctx)
{
	__u64 event = bpf_get_current_pid_tgid();

	gadget_heap = event;
	return gadget_output_buf(ctx, &events, &event, sizeof(event)) != 0;
}

char _license[] SEC("license") = "GPL";
