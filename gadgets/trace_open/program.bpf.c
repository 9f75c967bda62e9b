// SPDX-License-Identifier: GPL-2.0
/* Reports files that processes open, or fail to open. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include <gadget/buffer.h>
#include <gadget/common.h>
#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define FNAME_SIZE 256
#define MAX_OPENS 10240

/* vmlinux.h has no macros. These flags have the same value on amd64, arm64. */
#define O_CREAT 00000100
#define O_TMPFILE_BIT 020000000

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;

	gadget_errno error_raw;
	__s32 fd;
	gadget_file_flags flags_raw;
	gadget_file_mode mode_raw;
	char fname[FNAME_SIZE];
};

/* The arguments of a call that has not returned yet. */
struct pending_open {
	const char *fname;
	/* Of openat2; NULL for the others. */
	const struct open_how *how;
	__u32 flags;
	__u32 mode;
};

/*
 * Calls under way, by thread. LRU: should an entry ever be left behind, it
 * cannot take the room of others for good.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_OPENS);
	__type(key, __u32);
	__type(value, struct pending_open);
} pending_opens SEC(".maps");

/* Room for ten thousand events: bursts of opens are large. */
GADGET_TRACER_MAP(events, 1024 * 4096);
GADGET_TRACER(open, events, event);

const volatile bool failed_only = false;
GADGET_PARAM(failed_only);

static __always_inline int enter_open(const char *fname,
				      const struct open_how *how, __u32 flags,
				      __u32 mode)
{
	struct pending_open pending = {
		.fname = fname,
		.how = how,
		.flags = flags,
		.mode = mode,
	};
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if (gadget_should_discard_data_current())
		return 0;

	bpf_map_update_elem(&pending_opens, &tid, &pending, BPF_ANY);
	return 0;
}

/* Flags and mode as the kernel takes them. */
static __always_inline void set_flags_and_mode(struct event *event,
					       const struct pending_open *pending)
{
	__u32 flags = pending->flags;
	__u32 mode = pending->mode;

	if (pending->how) {
		struct open_how how = {};

		bpf_probe_read_user(&how, sizeof(how), pending->how);
		flags = how.flags;
		mode = how.mode;
	}

	event->flags_raw = flags;
	/* Without these flags the argument is not used, and may be anything. */
	event->mode_raw = flags & (O_CREAT | O_TMPFILE_BIT) ? mode : 0;
}

static __always_inline int exit_open(struct syscall_trace_exit *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct pending_open *found, pending;
	struct event *event;
	long ret = ctx->ret;

	found = bpf_map_lookup_elem(&pending_opens, &tid);
	if (!found)
		return 0;
	pending = *found;
	bpf_map_delete_elem(&pending_opens, &tid);

	if (failed_only && ret >= 0)
		return 0;

	event = gadget_reserve_buf(&events, sizeof(*event));
	if (!event)
		return 0;

	event->timestamp_raw = bpf_ktime_get_boot_ns();
	gadget_process_populate(&event->proc);
	event->error_raw = ret < 0 ? -ret : 0;
	event->fd = ret < 0 ? -1 : ret;
	set_flags_and_mode(event, &pending);
	/* Read on return: the kernel has read it, so the page is there. */
	if (bpf_probe_read_user_str(event->fname, sizeof(event->fname),
				    pending.fname) < 0)
		event->fname[0] = '\0';

	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

/* arm64 has no open(2), and no tracepoints for it. */
#if defined(__TARGET_ARCH_x86)
SEC("tracepoint/syscalls/sys_enter_open")
int trace_open_enter(struct syscall_trace_enter *ctx)
{
	return enter_open((const char *)ctx->args[0], NULL, ctx->args[1],
			  ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_exit_open")
int trace_open_exit(struct syscall_trace_exit *ctx)
{
	return exit_open(ctx);
}
#endif

SEC("tracepoint/syscalls/sys_enter_openat")
int trace_openat_enter(struct syscall_trace_enter *ctx)
{
	return enter_open((const char *)ctx->args[1], NULL, ctx->args[2],
			  ctx->args[3]);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int trace_openat_exit(struct syscall_trace_exit *ctx)
{
	return exit_open(ctx);
}

SEC("tracepoint/syscalls/sys_enter_openat2")
int trace_openat2_enter(struct syscall_trace_enter *ctx)
{
	return enter_open((const char *)ctx->args[1],
			  (const struct open_how *)ctx->args[2], 0, 0);
}

SEC("tracepoint/syscalls/sys_exit_openat2")
int trace_openat2_exit(struct syscall_trace_exit *ctx)
{
	return exit_open(ctx);
}

char _license[] SEC("license") = "GPL";
