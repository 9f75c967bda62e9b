// SPDX-License-Identifier: GPL-2.0
/* Reports what processes do to files, with whole paths, from many hooks. Unrolled: the heaviest of these. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include <gadget/buffer.h>
#include <gadget/common.h>
#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define DEPTH 16
#define PART_SIZE 64

enum operation {
	OPEN,
	PERMISSION,
	UNLINK,
	RENAME,
	LINK,
	MKDIR,
	RMDIR,
	CHMOD,
	CHOWN,
	TRUNCATE,
	MMAP,
	RECEIVE,
	LOCK,
	IOCTL,
};

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;

	enum operation operation_raw;
	__u32 mask;
	__u64 inode;
	__u64 device;
	gadget_bytes size_raw;
	gadget_file_mode mode_raw;
	__u32 owner;
	__u32 depth;
	char path[DEPTH * PART_SIZE];
};

GADGET_TRACER_MAP(events, 1024 * 1024);
GADGET_TRACER(audit, events, event);

const volatile __u32 only_owner = -1;
const volatile __u32 operations = -1;
GADGET_PARAM(only_owner);
GADGET_PARAM(operations);

static __always_inline void read_path(struct event *event, struct dentry *dentry, struct vfsmount *mount)
{
	struct mount *mnt = container_of(mount, struct mount, mnt);
	struct dentry *root = BPF_CORE_READ(mount, mnt_root);

	event->depth = 0;
#pragma unroll
	for (int i = 0; i < DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (dentry == root || dentry == parent) {
			struct mount *up = BPF_CORE_READ(mnt, mnt_parent);

			if (up == mnt)
				return;
			dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
			mnt = up;
			root = BPF_CORE_READ(mnt, mnt.mnt_root);
			continue;
		}
		bpf_probe_read_kernel_str(&event->path[i * PART_SIZE], PART_SIZE,
					  BPF_CORE_READ(dentry, d_name.name));
		event->depth++;
		dentry = parent;
	}
}

static __always_inline int audit(void *ctx, enum operation operation, __u32 mask, struct dentry *dentry,
				 struct vfsmount *mount)
{
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	struct event *event;
	__u32 owner;

	if (!(operations & (1U << operation)))
		return 0;
	if (gadget_should_discard_data_current())
		return 0;
	owner = BPF_CORE_READ(inode, i_uid.val);
	if (only_owner != (__u32)-1 && owner != only_owner)
		return 0;
	event = gadget_reserve_buf(&events, sizeof(*event));
	if (!event)
		return 0;
	event->timestamp_raw = bpf_ktime_get_boot_ns();
	gadget_process_populate(&event->proc);
	event->operation_raw = operation;
	event->mask = mask;
	event->inode = BPF_CORE_READ(inode, i_ino);
	event->device = BPF_CORE_READ(inode, i_sb, s_dev);
	event->size_raw = BPF_CORE_READ(inode, i_size);
	event->mode_raw = BPF_CORE_READ(inode, i_mode);
	event->owner = owner;
	read_path(event, dentry, mount);
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

#define FILE(file) BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_path.mnt)
#define PATH(path) BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt)

SEC("kprobe/security_file_open")
int BPF_KPROBE(on_open, struct file *file)
{
	return audit(ctx, OPEN, BPF_CORE_READ(file, f_flags), FILE(file));
}

SEC("kprobe/security_file_permission")
int BPF_KPROBE(on_permission, struct file *file, int mask)
{
	return audit(ctx, PERMISSION, mask, FILE(file));
}

SEC("kprobe/security_path_unlink")
int BPF_KPROBE(on_unlink, const struct path *dir, struct dentry *dentry)
{
	return audit(ctx, UNLINK, 0, dentry, BPF_CORE_READ(dir, mnt));
}

SEC("kprobe/security_path_rename")
int BPF_KPROBE(on_rename, const struct path *from, struct dentry *dentry)
{
	return audit(ctx, RENAME, 0, dentry, BPF_CORE_READ(from, mnt));
}

SEC("kprobe/security_path_link")
int BPF_KPROBE(on_link, struct dentry *dentry, const struct path *dir)
{
	return audit(ctx, LINK, 0, dentry, BPF_CORE_READ(dir, mnt));
}

SEC("kprobe/security_path_mkdir")
int BPF_KPROBE(on_mkdir, const struct path *dir, struct dentry *dentry, int mode)
{
	return audit(ctx, MKDIR, mode, PATH(dir));
}

SEC("kprobe/security_path_rmdir")
int BPF_KPROBE(on_rmdir, const struct path *dir, struct dentry *dentry)
{
	return audit(ctx, RMDIR, 0, dentry, BPF_CORE_READ(dir, mnt));
}

SEC("kprobe/security_path_chmod")
int BPF_KPROBE(on_chmod, const struct path *path, int mode)
{
	return audit(ctx, CHMOD, mode, PATH(path));
}

SEC("kprobe/security_path_chown")
int BPF_KPROBE(on_chown, const struct path *path, __u32 uid)
{
	return audit(ctx, CHOWN, uid, PATH(path));
}

SEC("kprobe/security_path_truncate")
int BPF_KPROBE(on_truncate, const struct path *path)
{
	return audit(ctx, TRUNCATE, 0, PATH(path));
}

SEC("kprobe/security_mmap_file")
int BPF_KPROBE(on_mmap, struct file *file, unsigned long protection)
{
	return file ? audit(ctx, MMAP, protection, FILE(file)) : 0;
}

SEC("kprobe/security_file_receive")
int BPF_KPROBE(on_receive, struct file *file)
{
	return audit(ctx, RECEIVE, 0, FILE(file));
}

SEC("kprobe/security_file_lock")
int BPF_KPROBE(on_lock, struct file *file, unsigned int command)
{
	return audit(ctx, LOCK, command, FILE(file));
}

SEC("kprobe/security_file_ioctl")
int BPF_KPROBE(on_ioctl, struct file *file, unsigned int command)
{
	return audit(ctx, IOCTL, command, FILE(file));
}

char _license[] SEC("license") = "GPL";
