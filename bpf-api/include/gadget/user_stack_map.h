/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * User stacks for events, with what userspace needs to find the symbols: the
 * executable, the process ids in two pid namespaces, and build ids. Needs
 * vmlinux.h. Nothing is collected unless the user asks for it.
 */
#ifndef __GADGET_USER_STACK_MAP_H
#define __GADGET_USER_STACK_MAP_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include <gadget/core_fixes.bpf.h>
#include <gadget/fnv1a.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define GADGET_USER_MAX_STACK_DEPTH 127
#define GADGET_USER_STACK_MAP_MAX_ENTRIES 10000

const volatile bool collect_ustack = false;
GADGET_PARAM(collect_ustack);

const volatile bool collect_build_id = false;
GADGET_PARAM(collect_build_id);

const volatile bool collect_otel_stack = false;
GADGET_PARAM(collect_otel_stack);

/* Userspace sets max_entries of the map ig_build_id to this. */
const volatile int ig_build_id_max_entries = 1024;
GADGET_PARAM(ig_build_id_max_entries);

/* Addresses by stack id. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, GADGET_USER_MAX_STACK_DEPTH * sizeof(__u64));
	__uint(max_entries, GADGET_USER_STACK_MAP_MAX_ENTRIES);
} ig_ustack SEC(".maps");

/* Build ids and offsets by stack id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, GADGET_USER_MAX_STACK_DEPTH *
				   sizeof(struct bpf_stack_build_id));
	__uint(max_entries, 0);
} ig_build_id SEC(".maps");

/* A new value of ig_build_id; too large for the stack. */
static const struct bpf_stack_build_id
	ig_empty_build_id[GADGET_USER_MAX_STACK_DEPTH] = {};

/* What the OpenTelemetry profiler leaves for the program that called it. */
struct generic_param {
	u64 correlation_id;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct generic_param);
} otel_generic_params SEC(".maps");

/* The profiler's entry, one for each type of program that may call it. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
	__array(values, int());
} otel_tc_kprobe SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
	__array(values, int());
} otel_tc_perf SEC(".maps");

/*
 * inode.i_mtime became a timespec64 in Linux 4.18, __i_mtime in 6.7, and two
 * numbers in 6.11.
 */
struct timespec___obsolete {
	long tv_sec;
	long tv_nsec;
} __attribute__((preserve_access_index));

struct inode___with_timespec {
	struct timespec___obsolete i_mtime;
} __attribute__((preserve_access_index));

struct inode___with_timespec64 {
	struct timespec64 i_mtime;
} __attribute__((preserve_access_index));

struct inode___with_timespec64_underscore {
	struct timespec64 __i_mtime;
} __attribute__((preserve_access_index));

struct inode___with_two_fields {
	time64_t i_mtime_sec;
	u32 i_mtime_nsec;
} __attribute__((preserve_access_index));

/* gadget_inode_get_mtime - modification time, on every kernel. */
static __always_inline void gadget_inode_get_mtime(struct inode *inode,
						   __u64 *mtime_sec,
						   __u32 *mtime_nsec)
{
	struct inode___with_two_fields *v611 = (void *)inode;
	struct inode___with_timespec64_underscore *v67 = (void *)inode;
	struct inode___with_timespec64 *old = (void *)inode;

	if (bpf_core_field_exists(v611->i_mtime_sec)) {
		*mtime_sec = BPF_CORE_READ(v611, i_mtime_sec);
		*mtime_nsec = BPF_CORE_READ(v611, i_mtime_nsec);
	} else if (bpf_core_field_exists(v67->__i_mtime)) {
		*mtime_sec = BPF_CORE_READ(v67, __i_mtime.tv_sec);
		*mtime_nsec = BPF_CORE_READ(v67, __i_mtime.tv_nsec);
	} else {
		/* Before 4.18 a struct timespec, with the same members. */
		*mtime_sec = BPF_CORE_READ(old, i_mtime.tv_sec);
		*mtime_nsec = BPF_CORE_READ(old, i_mtime.tv_nsec);
	}
}

/*
 * gadget_get_base_addr_hash - tells one life of an address space from another
 *
 * Equal for two stacks only if the process did not execute another program in
 * between.
 */
static __always_inline u32 gadget_get_base_addr_hash(struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	u32 hash = fnv_32a_init();

	fnv_32a_update_u64(&hash, (u64)mm);
	fnv_32a_update_u64(&hash, BPF_CORE_READ(mm, start_code));
	fnv_32a_update_u64(&hash, BPF_CORE_READ(mm, start_stack));
	return hash;
}

/*
 * Calls into the profiler. A tail call does not come back, so it is made from
 * a function: the profiler returns to the caller of that function.
 */
static __noinline int gadget_fetch_otel_stack_from_kprobe(void *ctx)
{
	bpf_tail_call(ctx, &otel_tc_kprobe, 0);
	return 0;
}

static __noinline int gadget_fetch_otel_stack_from_perf_event(void *ctx)
{
	bpf_tail_call(ctx, &otel_tc_perf, 0);
	return 0;
}

static __always_inline void __gadget_store_build_ids(void *ctx, u32 stack_id)
{
	void *build_ids;

	/* An entry of this id already holds the same stack. */
	if (bpf_map_update_elem(&ig_build_id, &stack_id, &ig_empty_build_id,
				BPF_NOEXIST))
		return;

	build_ids = bpf_map_lookup_elem(&ig_build_id, &stack_id);
	if (build_ids)
		bpf_get_stack(ctx, build_ids,
			      GADGET_USER_MAX_STACK_DEPTH *
				      sizeof(struct bpf_stack_build_id),
			      BPF_F_USER_STACK | BPF_F_USER_BUILD_ID);
}

/* Process ids, in the first two pid namespaces from the host on. */
static __always_inline void
__gadget_fill_user_stack_pids(struct task_struct *task,
			      struct gadget_user_stack *ustack)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	/* Declared with one element in some kernels and with none in others. */
	struct upid *numbers =
		(void *)__builtin_preserve_access_index(&pid->numbers);

	ustack->tgid_level0 = BPF_CORE_READ(task, tgid);
	ustack->pid_level0 = BPF_CORE_READ(numbers, nr);
	ustack->pidns_level0 = BPF_CORE_READ(numbers, ns, ns.inum);
	ustack->pid_level1 = 0;
	ustack->pidns_level1 = 0;

	if (BPF_CORE_READ(pid, level) >= 1) {
		struct upid *inner =
			(void *)numbers + bpf_core_type_size(struct upid);

		ustack->pid_level1 = BPF_CORE_READ(inner, nr);
		ustack->pidns_level1 = BPF_CORE_READ(inner, ns, ns.inum);
	}
}

/* All but the profiler's part; zeroes unless the user wants stacks. */
static __always_inline void
__gadget_fill_user_stack(void *ctx, struct gadget_user_stack *ustack)
{
	struct task_struct *task;
	struct inode *inode;
	long stack_id;
	dev_t dev;

	if (!collect_ustack) {
		__builtin_memset(ustack, 0, sizeof(*ustack));
		return;
	}

	stack_id = bpf_get_stackid(ctx, &ig_ustack,
				   BPF_F_USER_STACK | BPF_F_FAST_STACK_CMP);
	ustack->stack_id = stack_id;
	ustack->boot_timestamp = bpf_ktime_get_boot_ns();
	ustack->otel_correlation_id = 0;

	task = (void *)bpf_get_current_task();
	__gadget_fill_user_stack_pids(task, ustack);
	ustack->base_addr_hash = gadget_get_base_addr_hash(task);

	inode = BPF_CORE_READ(task, mm, exe_file, f_inode);
	/* The kernel's own encoding, not that of stat(2). */
	dev = BPF_CORE_READ(inode, i_sb, s_dev);
	ustack->major = dev >> 20;
	ustack->minor = dev & 0xfffff;
	ustack->inode = BPF_CORE_READ(inode, i_ino);
	gadget_inode_get_mtime(inode, &ustack->mtime_sec, &ustack->mtime_nsec);

	if (collect_build_id && stack_id >= 0)
		__gadget_store_build_ids(ctx, stack_id);
}

/* Fetches what the profiler left on this CPU. */
static __always_inline void
__gadget_read_otel_correlation(struct gadget_user_stack *ustack)
{
	struct generic_param *param;
	u32 zero = 0;

	param = bpf_map_lookup_elem(&otel_generic_params, &zero);
	if (param)
		ustack->otel_correlation_id = param->correlation_id;
}

/* For programs of the types kprobe, kretprobe, uprobe and uretprobe. */
static __always_inline void
gadget_get_user_stack_from_kprobe(void *ctx, struct gadget_user_stack *ustack)
{
	__gadget_fill_user_stack(ctx, ustack);

	if (collect_ustack && collect_otel_stack) {
		gadget_fetch_otel_stack_from_kprobe(ctx);
		__gadget_read_otel_correlation(ustack);
	}
}

/* For programs of the type perf_event. */
static __always_inline void
gadget_get_user_stack_from_perf_event(void *ctx,
				      struct gadget_user_stack *ustack)
{
	__gadget_fill_user_stack(ctx, ustack);

	if (collect_ustack && collect_otel_stack) {
		gadget_fetch_otel_stack_from_perf_event(ctx);
		__gadget_read_otel_correlation(ustack);
	}
}

/*
 * For tracepoints. The profiler has no entry for them: the verifier refuses
 * the program if the user asks for it.
 */
static __always_inline void
gadget_get_user_stack_from_tracepoint(void *ctx,
				      struct gadget_user_stack *ustack)
{
	__gadget_fill_user_stack(ctx, ustack);

	if (collect_ustack && collect_otel_stack)
		bpf_core_unreachable();
}

/*
 * gadget_get_user_stack - describe the user stack of the current task
 * @ctx: the context; its type chooses the function. A context that is neither
 *	 struct pt_regs * nor struct bpf_perf_event_data * is a compile error.
 * @ustack: where to
 */
#define gadget_get_user_stack(ctx, ustack)                              \
	_Generic((ctx),                                                 \
		 struct pt_regs *: gadget_get_user_stack_from_kprobe,   \
		 struct bpf_perf_event_data *:                          \
			 gadget_get_user_stack_from_perf_event)(ctx, ustack)

#endif /* __GADGET_USER_STACK_MAP_H */
