// SPDX-License-Identifier: GPL-2.0
/* A context that is neither of a kprobe nor of a perf event. */
#include <vmlinux.h>
#include <gadget/user_stack_map.h>

SEC("raw_tracepoint/sys_enter")
int wrong_context(void *ctx)
{
	struct gadget_user_stack stack;

	gadget_get_user_stack(ctx, &stack);
	return 0;
}
