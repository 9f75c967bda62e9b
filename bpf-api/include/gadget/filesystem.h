/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Paths of files, from kernel structures. Needs vmlinux.h.
 *
 * d_path() is only for some programs; here the path is put together from
 * dentries and mounts, in a per-CPU buffer.
 */
#ifndef __GADGET_FILESYSTEM_H
#define __GADGET_FILESYSTEM_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* Largest value of a per-CPU map. */
#define MAX_PERCPU_BUFSIZE (1 << 15)
/* Space for a path in an event, smaller than PATH_MAX to save memory. */
#define GADGET_PATH_MAX 512
#ifndef PATH_MAX
#define PATH_MAX 4096
#endif
/* Deeper paths lose their first components. */
#define MAX_PATH_COMPONENTS 80

/* Unused here; kept since programs may name them. */
#define MAX_STR_FILTER_SIZE 16
#define MAX_BIN_PATH_SIZE 256
#define FILE_MAGIC_HDR_SIZE 32
#define FILE_MAGIC_MASK 31
#define NET_SEQ_OPS_SIZE 4
#define NET_SEQ_OPS_TYPES 6
#define MAX_KSYM_NAME_SIZE 64
#define UPROBE_MAGIC_NUMBER 20220829
#define ARGS_BUF_SIZE 32000
#define SEND_META_SIZE 24
#define MAX_MEM_DUMP_SIZE 127

/* NAME_MAX of linux/limits.h, as a mask of the length of one component. */
#define __GADGET_NAME_MASK 255
/* A path grows from here towards the start of the buffer. */
#define __GADGET_PATH_END (MAX_PERCPU_BUFSIZE / 2)

enum buf_idx_e {
	STRING_BUF_IDX,
	MAX_BUFFERS
};

typedef struct simple_buf {
	u8 buf[MAX_PERCPU_BUFSIZE];
} buf_t;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_BUFFERS);
	__type(key, u32);
	__type(value, buf_t);
} bufs SEC(".maps");

/* get_buf - scratch buffer of this CPU; NULL if idx is not a buf_idx_e. */
static __always_inline buf_t *get_buf(int idx)
{
	return bpf_map_lookup_elem(&bufs, &idx);
}

static __always_inline struct dentry *
get_mnt_root_ptr_from_vfsmnt(struct vfsmount *vfsmnt)
{
	return BPF_CORE_READ(vfsmnt, mnt_root);
}

static __always_inline struct dentry *
get_d_parent_ptr_from_dentry(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_parent);
}

/* real_mount - the mount around its public part. */
static __always_inline struct mount *real_mount(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline struct qstr get_d_name_from_dentry(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_name);
}

/*
 * Put "/" and the name in front of what ends at off. Returns the new offset,
 * or 0 if there is no room or the name cannot be read.
 */
static __always_inline u32 __gadget_prepend_name(buf_t *path, u32 off,
						 struct dentry *dentry)
{
	struct qstr name = get_d_name_from_dentry(dentry);
	u32 len = name.len & __GADGET_NAME_MASK;

	if (off <= len + 1)
		return 0;
	off -= len + 1;

	/*
	 * From here on the masks change nothing; they tell the verifier the
	 * bounds. Linux 6.12 forgets those of len in the comparison above, and
	 * the compiler must not take its second mask away.
	 */
	barrier_var(len);
	len &= __GADGET_NAME_MASK;
	path->buf[off & (__GADGET_PATH_END - 1)] = '/';
	if (bpf_probe_read_kernel(
		    &path->buf[(off + 1) & (__GADGET_PATH_END - 1)], len,
		    name.name))
		return 0;
	return off;
}

/*
 * get_path_str - absolute path of a file, as its mount namespace sees it
 * @path: in kernel memory, or a copy of the program's own
 *
 * Files that are in no directory (pipes, memfd) give the name that the kernel
 * has for them, without a slash.
 *
 * Returns a NUL-terminated string in the per-CPU buffer STRING_BUF_IDX, valid
 * until the next call; NULL if there is no buffer.
 */
static __always_inline void *get_path_str(const struct path *path)
{
	struct vfsmount *vfsmnt = BPF_CORE_READ(path, mnt);
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct mount *mnt = real_mount(vfsmnt);
	buf_t *result = get_buf(STRING_BUF_IDX);
	volatile u32 *off;

	if (!result)
		return NULL;

	/*
	 * Kept in the map, since the verifier knows nothing of numbers there.
	 * It then finds the ways through one round of the loop to be alike,
	 * instead of following each combination of them.
	 */
	off = (volatile u32 *)&result->buf[MAX_PERCPU_BUFSIZE - sizeof(*off)];
	*off = __GADGET_PATH_END;
	result->buf[__GADGET_PATH_END] = '\0';

	for (int i = 0; i < MAX_PATH_COMPONENTS; i++) {
		struct dentry *root = get_mnt_root_ptr_from_vfsmnt(vfsmnt);
		struct dentry *up = get_d_parent_ptr_from_dentry(dentry);
		u32 next;

		if (dentry == root) {
			struct mount *above = BPF_CORE_READ(mnt, mnt_parent);

			if (above == mnt)
				break;
			/* The root of a mount stands at its mount point. */
			dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
			mnt = above;
			vfsmnt = __builtin_preserve_access_index(&mnt->mnt);
			continue;
		}
		if (dentry == up)
			break;

		next = __gadget_prepend_name(result, *off, dentry);
		if (!next)
			break;
		*off = next;
		dentry = up;
	}

	if (*off == __GADGET_PATH_END) {
		/* The name of a root directory is "/". */
		struct qstr name = get_d_name_from_dentry(dentry);

		bpf_probe_read_kernel_str(&result->buf[__GADGET_PATH_END],
					  __GADGET_NAME_MASK + 1, name.name);
	}

	return &result->buf[*off & (MAX_PERCPU_BUFSIZE - 1)];
}

/* get_struct_file_for_fd - open file of the current task; NULL if none. */
static __always_inline struct file *get_struct_file_for_fd(int fd_num)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL;
	struct file **fds;

	if (!fdt || fd_num < 0 ||
	    (u32)fd_num >= BPF_CORE_READ(fdt, max_fds))
		return NULL;

	fds = BPF_CORE_READ(fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &fds[fd_num]);
	return file;
}

/*
 * read_full_path_of_open_file_fd - path of an open file of the current task
 * @buf: destination, of buf_len bytes
 *
 * Returns the length with the NUL, or a negative number.
 */
static __always_inline long read_full_path_of_open_file_fd(int fd_num,
							   char *buf,
							   u64 buf_len)
{
	struct file *file = get_struct_file_for_fd(fd_num);
	void *path;

	if (!file)
		return -1;

	path = get_path_str(__builtin_preserve_access_index(&file->f_path));
	if (!path)
		return -1;

	return bpf_probe_read_kernel_str(buf, buf_len, path);
}

#endif /* __GADGET_FILESYSTEM_H */
