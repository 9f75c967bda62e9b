// SPDX-License-Identifier: GPL-2.0
/* gadget/kernel_stack_map.h. */
#include <vmlinux.h>
#include <gadget/kernel_stack_map.h>

_Static_assert(GADGET_KERNEL_MAX_STACK_DEPTH == 127, "depth");
_Static_assert(GADGET_KERNEL_STACK_MAP_MAX_ENTRIES == 10000, "entries");

SEC("raw_tracepoint/sys_enter")
int stack(void *ctx)
{
	return gadget_get_kernel_stack(ctx) < 0;
}

SEC("kprobe/do_unlinkat")
int stack_by_name(void *ctx)
{
	return bpf_get_stackid(ctx, &ig_kstack, 0) < 0;
}

char _license[] SEC("license") = "GPL";
