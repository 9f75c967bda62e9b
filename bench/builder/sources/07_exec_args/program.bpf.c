// SPDX-License-Identifier: GPL-2.0
/* Reports programs that are started, with their arguments and environment. Unrolled: heavy on code. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include <gadget/buffer.h>
#include <gadget/common.h>
#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define MAX_ARGS 60
#define MAX_ENV 40
#define TEXT_SIZE 7680
#define LAST_TEXT (TEXT_SIZE - 128)
#define ARG_SIZE 128
#define NAME_SIZE 64
#define DEPTH 12

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;

	gadget_errno error_raw;
	__u32 args_count;
	__u32 env_count;
	__u32 text_size;
	__u64 capabilities;
	__u32 session;
	char file[256];
	char parents[DEPTH * TASK_COMM_LEN];
	char text[TEXT_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct event);
} starting SEC(".maps");

GADGET_TRACER_MAP(events, 1024 * 1024);
GADGET_TRACER(exec, events, event);

const volatile bool with_environment = true;
const volatile bool with_parents = true;
const volatile bool ignore_failed = false;
GADGET_PARAM(with_environment);
GADGET_PARAM(with_parents);
GADGET_PARAM(ignore_failed);

static const struct event empty;

static __always_inline bool append(struct event *event, const char *const *list, __u32 index)
{
	const char *text = NULL;
	long size;

	bpf_probe_read_user(&text, sizeof(text), &list[index]);
	if (!text || event->text_size > LAST_TEXT)
		return false;
	size = bpf_probe_read_user_str(&event->text[event->text_size], ARG_SIZE, text);
	if (size < 0 || size > ARG_SIZE)
		return false;
	event->text_size += size;
	return true;
}

static __always_inline void read_parents(struct event *event)
{
	struct task_struct *task = (void *)bpf_get_current_task();

#pragma unroll
	for (int i = 0; i < DEPTH; i++) {
		task = BPF_CORE_READ(task, real_parent);
		if (!task || BPF_CORE_READ(task, tgid) <= 1)
			break;
		bpf_probe_read_kernel_str(&event->parents[i * TASK_COMM_LEN], TASK_COMM_LEN,
					  BPF_CORE_READ(task, group_leader, comm));
	}
}

static __always_inline int enter_exec(const char *file, const char *const *args,
				      const char *const *environment)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *event;

	if (gadget_should_discard_data_current())
		return 0;
	if (bpf_map_update_elem(&starting, &tid, &empty, BPF_NOEXIST))
		return 0;
	event = bpf_map_lookup_elem(&starting, &tid);
	if (!event)
		return 0;
	event->timestamp_raw = bpf_ktime_get_boot_ns();
	event->session = BPF_CORE_READ(task, sessionid);
	BPF_CORE_READ_INTO(&event->capabilities, task, cred, cap_effective);
	bpf_probe_read_user_str(event->file, sizeof(event->file), file);
	if (with_parents)
		read_parents(event);

#pragma unroll
	for (int i = 0; i < MAX_ARGS; i++) {
		if (!append(event, args, i))
			break;
		event->args_count++;
	}
	if (!with_environment)
		return 0;
#pragma unroll
	for (int i = 0; i < MAX_ENV; i++) {
		if (!append(event, environment, i))
			break;
		event->env_count++;
	}
	return 0;
}

static __always_inline int exit_exec(struct syscall_trace_exit *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct event *event = bpf_map_lookup_elem(&starting, &tid);
	struct event *out;

	if (!event)
		return 0;
	if (ctx->ret < 0 && ignore_failed)
		goto done;
	out = gadget_reserve_buf(&events, sizeof(*out));
	if (!out)
		goto done;
	bpf_probe_read_kernel(out, sizeof(*out), event);
	gadget_process_populate(&out->proc);
	out->error_raw = ctx->ret < 0 ? -ctx->ret : 0;
	gadget_submit_buf(ctx, &events, out, sizeof(*out));
done:
	bpf_map_delete_elem(&starting, &tid);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int enter_execve(struct syscall_trace_enter *ctx)
{
	return enter_exec((const char *)ctx->args[0], (const char *const *)ctx->args[1],
			  (const char *const *)ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_exit_execve")
int exit_execve(struct syscall_trace_exit *ctx)
{
	return exit_exec(ctx);
}

SEC("tracepoint/syscalls/sys_enter_execveat")
int enter_execveat(struct syscall_trace_enter *ctx)
{
	return enter_exec((const char *)ctx->args[1], (const char *const *)ctx->args[2],
			  (const char *const *)ctx->args[3]);
}

SEC("tracepoint/syscalls/sys_exit_execveat")
int exit_execveat(struct syscall_trace_exit *ctx)
{
	return exit_exec(ctx);
}

char _license[] SEC("license") = "GPL";
