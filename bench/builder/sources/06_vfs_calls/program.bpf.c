// SPDX-License-Identifier: GPL-2.0
/* Calls of the file systems: how many, how long, and those that fail, with the file. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include <gadget/buffer.h>
#include <gadget/common.h>
#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define NAME_SIZE 64

enum call {
	CALL_OPEN,
	CALL_READ,
	CALL_WRITE,
	CALL_FSYNC,
	CALL_UNLINK,
	CALL_MKDIR,
	CALL_RMDIR,
	CALL_LINK,
	CALL_SYMLINK,
	CALL_STATFS,
	CALL_TRUNCATE,
	CALL_FALLOCATE,
};

struct stat_key {
	gadget_mntns_id mntns_id;
	enum call call_raw;
	__u32 pid;
};

struct stat_value {
	gadget_counter__u64 calls;
	gadget_counter__u64 errors;
	gadget_counter__u64 nanoseconds;
	__u64 longest;
};

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;

	enum call call_raw;
	gadget_errno error_raw;
	gadget_duration duration_raw;
	__u64 inode;
	__u64 magic;
	char name[NAME_SIZE];
	char parent[NAME_SIZE];
};

struct entered {
	__u64 time;
	struct dentry *dentry;
	enum call call;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 10240);
	__type(key, __u64);
	__type(value, struct entered);
} under_way SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct stat_key);
	__type(value, struct stat_value);
} stats SEC(".maps");

GADGET_MAPITER(calls, stats);
GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(failures, events, event);

const volatile bool report_failures = true;
const volatile __u64 min_ns = 0;
GADGET_PARAM(report_failures);
GADGET_PARAM(min_ns);

static __always_inline int enter(enum call call, struct dentry *dentry)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct entered entered = {
		.time = bpf_ktime_get_ns(),
		.dentry = dentry,
		.call = call,
	};

	if (gadget_should_discard_data_current())
		return 0;
	bpf_map_update_elem(&under_way, &key, &entered, BPF_ANY);
	return 0;
}

static __always_inline void report(void *ctx, struct entered *entered, __u64 duration, long ret)
{
	struct event *event = gadget_reserve_buf(&events, sizeof(*event));
	struct dentry *dentry = entered->dentry;

	if (!event)
		return;
	event->timestamp_raw = bpf_ktime_get_boot_ns();
	gadget_process_populate(&event->proc);
	event->call_raw = entered->call;
	event->error_raw = -ret;
	event->duration_raw = duration;
	event->inode = BPF_CORE_READ(dentry, d_inode, i_ino);
	event->magic = BPF_CORE_READ(dentry, d_sb, s_magic);
	event->name[0] = event->parent[0] = '\0';
	bpf_probe_read_kernel_str(event->name, sizeof(event->name), BPF_CORE_READ(dentry, d_name.name));
	bpf_probe_read_kernel_str(event->parent, sizeof(event->parent),
				  BPF_CORE_READ(dentry, d_parent, d_name.name));
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
}

static __always_inline int leave(void *ctx, enum call call, long ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct stat_value *value, fresh = {};
	struct stat_key key = {};
	struct entered *entered;
	__u64 duration;

	entered = bpf_map_lookup_elem(&under_way, &id);
	if (!entered || entered->call != call)
		return 0;
	duration = bpf_ktime_get_ns() - entered->time;
	key.mntns_id = gadget_get_current_mntns_id();
	key.call_raw = call;
	key.pid = id >> 32;
	value = bpf_map_lookup_elem(&stats, &key);
	if (!value) {
		bpf_map_update_elem(&stats, &key, &fresh, BPF_NOEXIST);
		value = bpf_map_lookup_elem(&stats, &key);
	}
	if (value && duration >= min_ns) {
		__sync_fetch_and_add(&value->calls, 1);
		__sync_fetch_and_add(&value->nanoseconds, duration);
		if (ret < 0)
			__sync_fetch_and_add(&value->errors, 1);
		if (duration > value->longest)
			value->longest = duration;
	}
	if (ret < 0 && report_failures)
		report(ctx, entered, duration, ret);
	bpf_map_delete_elem(&under_way, &id);
	return 0;
}

/* A pair of probes; `dentry` is how to find the file among the arguments. */
#define TRACE(name, call, dentry)                                                  \
	SEC("kprobe/" #name)                                                       \
	int BPF_KPROBE(enter_##name, void *a, void *b, void *c)                    \
	{                                                                          \
		return enter(call, dentry);                                        \
	}                                                                          \
	SEC("kretprobe/" #name)                                                    \
	int BPF_KRETPROBE(leave_##name, long ret)                                  \
	{                                                                          \
		return leave(ctx, call, ret);                                      \
	}

#define OF_PATH(object) BPF_CORE_READ((struct path *)(object), dentry)
#define OF_FILE(object) BPF_CORE_READ((struct file *)(object), f_path.dentry)

TRACE(vfs_open, CALL_OPEN, OF_PATH(a))
TRACE(vfs_read, CALL_READ, OF_FILE(a))
TRACE(vfs_write, CALL_WRITE, OF_FILE(a))
TRACE(vfs_fsync_range, CALL_FSYNC, OF_FILE(a))
TRACE(vfs_unlink, CALL_UNLINK, c)
TRACE(vfs_mkdir, CALL_MKDIR, c)
TRACE(vfs_rmdir, CALL_RMDIR, c)
TRACE(vfs_link, CALL_LINK, a)
TRACE(vfs_symlink, CALL_SYMLINK, c)
TRACE(vfs_statfs, CALL_STATFS, OF_PATH(a))
TRACE(vfs_truncate, CALL_TRUNCATE, OF_PATH(a))
TRACE(vfs_fallocate, CALL_FALLOCATE, OF_FILE(a))

char _license[] SEC("license") = "GPL";
