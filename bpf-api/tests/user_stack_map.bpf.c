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

/* Each part by its own name. */
SEC("kprobe/do_unlinkat")
int parts_of_kprobe(struct pt_regs *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);
	struct gadget_user_stack stack;
	__u32 zero = 0;

	gadget_get_user_stack_from_kprobe(ctx, &stack);
	gadget_inode_get_mtime(inode, &stack.mtime_sec, &stack.mtime_nsec);
	stack.base_addr_hash = gadget_get_base_addr_hash(task);
	last = stack;
	if (bpf_map_lookup_elem(&otel_generic_params, &zero))
		gadget_fetch_otel_stack_from_kprobe(ctx);
	return bpf_map_lookup_elem(&ig_build_id, &zero) != NULL;
}

SEC("perf_event")
int parts_of_perf_event(struct bpf_perf_event_data *ctx)
{
	struct gadget_user_stack stack;

	gadget_get_user_stack_from_perf_event(ctx, &stack);
	gadget_fetch_otel_stack_from_perf_event(ctx);
	last = stack;
	return bpf_get_stackid(ctx, &ig_ustack, BPF_F_USER_STACK) < 0;
}

SEC("kprobe/do_unlinkat")
int tail_call(struct pt_regs *ctx)
{
	bpf_tail_call(ctx, &otel_tc_kprobe, 0);
	return 0;
}

SEC("perf_event")
int tail_call_of_perf_event(struct bpf_perf_event_data *ctx)
{
	bpf_tail_call(ctx, &otel_tc_perf, 0);
	return 0;
}

/* Off by default. */
_Static_assert(sizeof(collect_ustack) == 1 && sizeof(collect_build_id) == 1 &&
		       sizeof(collect_otel_stack) == 1 && sizeof(ig_build_id_max_entries) == 4,
	       "parameters");

/* The names of the flavours are part of the interface. */
_Static_assert(sizeof(struct timespec___obsolete) == 16 &&
		       sizeof(struct inode___with_timespec) == 16 &&
		       sizeof(struct inode___with_timespec64) == 16 &&
		       sizeof(struct inode___with_timespec64_underscore) == 16 &&
		       sizeof(struct inode___with_two_fields) == 16,
	       "flavours");

const void *markers[] = {
	&gadget_param_collect_ustack,
	&gadget_param_collect_build_id,
	&gadget_param_collect_otel_stack,
	&gadget_param_ig_build_id_max_entries,
};

char _license[] SEC("license") = "GPL";
