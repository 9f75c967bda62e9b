// SPDX-License-Identifier: GPL-2.0
/* Each function of gadget/filesystem.h. */
#include <vmlinux.h>
#include <gadget/filesystem.h>

_Static_assert(MAX_PERCPU_BUFSIZE == 32768, "size of a buffer");
_Static_assert(sizeof(buf_t) == MAX_PERCPU_BUFSIZE, "size of a buffer");
_Static_assert(GADGET_PATH_MAX == 512, "space for a path in an event");
_Static_assert(PATH_MAX == 4096, "longest path");
_Static_assert(MAX_PATH_COMPONENTS == 80, "depth");
_Static_assert(STRING_BUF_IDX == 0, "index of the buffer");

char path_of_fd[GADGET_PATH_MAX];
__u32 name_length;

SEC("tracepoint/syscalls/sys_enter_lseek")
int paths(struct syscall_trace_enter *ctx)
{
	struct file *file = get_struct_file_for_fd(ctx->args[0]);
	struct vfsmount *mnt = BPF_CORE_READ(file, f_path.mnt);
	struct dentry *root = get_mnt_root_ptr_from_vfsmnt(mnt);

	if (get_d_parent_ptr_from_dentry(root) == root && real_mount(mnt) && get_buf(STRING_BUF_IDX))
		name_length = get_d_name_from_dentry(root).len;
	if (!get_path_str(__builtin_preserve_access_index(&file->f_path)))
		return 0;
	return read_full_path_of_open_file_fd(ctx->args[0], path_of_fd, sizeof(path_of_fd)) < 0;
}

char _license[] SEC("license") = "GPL";
