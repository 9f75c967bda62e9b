// SPDX-License-Identifier: GPL-2.0
/* gadget/user_stack_map.h, from each type of program that it is for. */
#include <vmlinux.h>
#include <gadget/user_stack_map.h>

_Static_assert(GADGET_USER_MAX_STACK_DEPTH == 127, "depth");
_Static_assert(GADGET_USER_STACK_MAP_MAX_ENTRIES == 10000, "entries");
_Static_assert(sizeof(ig_empty_build_id) == 4064, "build ids of one stack");
_Static_assert(sizeof(struct generic_param) == 8, "correlation id");

struct gadget_user_stack last;

SEC("uprobe")
int from_uprobe(struct pt_regs *ctx)
{
	struct gadget_user_stack stack;

	gadget_get_user_stack(ctx, &stack);
	last = stack;
	return 0;
}

SEC("perf_event")
int from_perf_event(struct bpf_perf_event_data *ctx)
{
	struct gadget_user_stack stack;

	gadget_get_user_stack(ctx, &stack);
	last = stack;
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_lseek")
int from_tracepoint(void *ctx)
{
	struct gadget_user_stack stack;

	gadget_get_user_stack_from_tracepoint(ctx, &stack);
	last = stack;
	return 0;
}

const void *markers[] = {
	&gadget_param_collect_ustack,
	&gadget_param_collect_build_id,
	&gadget_param_collect_otel_stack,
	&gadget_param_ig_build_id_max_entries,
};

char _license[] SEC("license") = "GPL";
