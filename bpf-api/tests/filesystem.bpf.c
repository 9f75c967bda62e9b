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

/* Names that programs may still use. */
_Static_assert(MAX_STR_FILTER_SIZE == 16 && MAX_BIN_PATH_SIZE == 256 && FILE_MAGIC_HDR_SIZE == 32 &&
		       FILE_MAGIC_MASK == 31 && NET_SEQ_OPS_SIZE == 4 && NET_SEQ_OPS_TYPES == 6 &&
		       MAX_KSYM_NAME_SIZE == 64 && UPROBE_MAGIC_NUMBER == 20220829 &&
		       ARGS_BUF_SIZE == 32000 && SEND_META_SIZE == 24 && MAX_MEM_DUMP_SIZE == 127,
	       "constants");
_Static_assert(MAX_BUFFERS == 1 && sizeof(struct simple_buf) == sizeof(buf_t), "the buffers");

char path_of_fd[GADGET_PATH_MAX];
__u32 name_length;

SEC("tracepoint/syscalls/sys_enter_lseek")
int paths(struct syscall_trace_enter *ctx)
{
	enum buf_idx_e which = STRING_BUF_IDX;
	struct file *file = get_struct_file_for_fd(ctx->args[0]);
	struct vfsmount *mnt = BPF_CORE_READ(file, f_path.mnt);
	struct dentry *root = get_mnt_root_ptr_from_vfsmnt(mnt);

	if (get_d_parent_ptr_from_dentry(root) == root && real_mount(mnt) && get_buf(which) &&
	    bpf_map_lookup_elem(&bufs, &which))
		name_length = get_d_name_from_dentry(root).len;
	if (!get_path_str(__builtin_preserve_access_index(&file->f_path)))
		return 0;
	return read_full_path_of_open_file_fd(ctx->args[0], path_of_fd, sizeof(path_of_fd)) < 0;
}

char _license[] SEC("license") = "GPL";
