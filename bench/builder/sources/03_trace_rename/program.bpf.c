// SPDX-License-Identifier: GPL-2.0
/* Reports files that are renamed, with both names and the size of the file. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include <gadget/buffer.h>
#include <gadget/common.h>
#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define NAME_SIZE 128

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;

	gadget_errno error_raw;
	gadget_bytes size_raw;
	__u64 inode;
	__u32 device;
	char from[NAME_SIZE];
	char to[NAME_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct renamedata *);
} pending SEC(".maps");

GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(rename, events, event);

const volatile __u64 min_size = 0;
const volatile bool failed_only = false;
GADGET_PARAM(min_size);
GADGET_PARAM(failed_only);

static __always_inline void read_name(char *to, struct dentry *dentry)
{
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);

	if (bpf_probe_read_kernel_str(to, NAME_SIZE, name) < 0)
		to[0] = '\0';
}

SEC("kprobe/vfs_rename")
int BPF_KPROBE(enter_rename, struct renamedata *data)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if (gadget_should_discard_data_current())
		return 0;
	bpf_map_update_elem(&pending, &tid, &data, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_rename")
int BPF_KRETPROBE(exit_rename, int ret)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct renamedata **found, *data;
	struct inode *inode;
	struct event *event;
	__u64 size;

	found = bpf_map_lookup_elem(&pending, &tid);
	if (!found)
		return 0;
	data = *found;
	bpf_map_delete_elem(&pending, &tid);
	if (failed_only && !ret)
		return 0;

	inode = BPF_CORE_READ(data, old_dentry, d_inode);
	size = BPF_CORE_READ(inode, i_size);
	if (size < min_size)
		return 0;
	event = gadget_reserve_buf(&events, sizeof(*event));
	if (!event)
		return 0;
	event->timestamp_raw = bpf_ktime_get_boot_ns();
	gadget_process_populate(&event->proc);
	event->error_raw = ret < 0 ? -ret : 0;
	event->size_raw = size;
	event->inode = BPF_CORE_READ(inode, i_ino);
	event->device = BPF_CORE_READ(inode, i_sb, s_dev);
	read_name(event->from, BPF_CORE_READ(data, old_dentry));
	read_name(event->to, BPF_CORE_READ(data, new_dentry));
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

char _license[] SEC("license") = "GPL";
