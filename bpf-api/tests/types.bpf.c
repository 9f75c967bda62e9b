// SPDX-License-Identifier: GPL-2.0
/* The layout of every type of gadget/types.h: userspace relies on it. */
#include <vmlinux.h>
#include <gadget/types.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), "size of " #type)
#define ALIGN(type, align) _Static_assert(_Alignof(type) == (align), "alignment of " #type)
#define AT(type, member, offset) \
	_Static_assert(__builtin_offsetof(type, member) == (offset), #type "." #member)

_Static_assert(TASK_COMM_LEN == 16, "length of a comm");
_Static_assert(GADGET_SE_PATH_MAX == 4096, "length of a path");

SIZE(gadget_mntns_id, 8);
SIZE(gadget_netns_id, 4);
SIZE(gadget_timestamp, 8);
SIZE(gadget_signal, 4);
SIZE(gadget_errno, 4);
SIZE(gadget_uid, 4);
SIZE(gadget_gid, 4);
SIZE(gadget_file_mode, 4);
SIZE(gadget_file_flags, 4);
SIZE(gadget_kernel_stack, 4);
SIZE(gadget_syscall, 8);
SIZE(gadget_bytes, 8);
SIZE(gadget_duration, 8);
SIZE(gadget_pid, 4);
SIZE(gadget_ppid, 4);
SIZE(gadget_tid, 4);
SIZE(gadget_ptid, 4);
SIZE(gadget_comm, 1);
SIZE(gadget_pcomm, 1);
SIZE(gadget_counter__u32, 4);
SIZE(gadget_counter__u64, 8);
SIZE(gadget_gauge__u32, 4);
SIZE(gadget_gauge__u64, 8);
SIZE(gadget_histogram_slot__u32, 4);
SIZE(gadget_histogram_slot__u64, 8);

SIZE(union gadget_ip_addr_t, 16);
ALIGN(union gadget_ip_addr_t, 16);
AT(union gadget_ip_addr_t, v6, 0);
AT(union gadget_ip_addr_t, v6_raw, 0);
AT(union gadget_ip_addr_t, v4, 0);

SIZE(struct gadget_l3endpoint_t, 32);
ALIGN(struct gadget_l3endpoint_t, 16);
AT(struct gadget_l3endpoint_t, addr_raw, 0);
AT(struct gadget_l3endpoint_t, version, 16);

SIZE(struct gadget_l4endpoint_t, 32);
ALIGN(struct gadget_l4endpoint_t, 16);
AT(struct gadget_l4endpoint_t, addr_raw, 0);
AT(struct gadget_l4endpoint_t, port, 16);
AT(struct gadget_l4endpoint_t, proto_raw, 18);
AT(struct gadget_l4endpoint_t, version, 20);

SIZE(struct gadget_creds, 8);
AT(struct gadget_creds, uid, 0);
AT(struct gadget_creds, gid, 4);

SIZE(struct gadget_parent, 24);
AT(struct gadget_parent, comm, 0);
AT(struct gadget_parent, pid, 16);
AT(struct gadget_parent, tid, 20);

SIZE(struct gadget_process, 64);
ALIGN(struct gadget_process, 8);
AT(struct gadget_process, comm, 0);
AT(struct gadget_process, pid, 16);
AT(struct gadget_process, tid, 20);
AT(struct gadget_process, mntns_id, 24);
AT(struct gadget_process, creds, 32);
AT(struct gadget_process, parent, 40);

SIZE(struct gadget_user_stack, 72);
AT(struct gadget_user_stack, major, 0);
AT(struct gadget_user_stack, minor, 4);
AT(struct gadget_user_stack, inode, 8);
AT(struct gadget_user_stack, mtime_sec, 16);
AT(struct gadget_user_stack, mtime_nsec, 24);
AT(struct gadget_user_stack, base_addr_hash, 28);
AT(struct gadget_user_stack, stack_id, 32);
AT(struct gadget_user_stack, tgid_level0, 36);
AT(struct gadget_user_stack, pid_level0, 40);
AT(struct gadget_user_stack, pidns_level0, 44);
AT(struct gadget_user_stack, pid_level1, 48);
AT(struct gadget_user_stack, pidns_level1, 52);
AT(struct gadget_user_stack, otel_correlation_id, 56);
AT(struct gadget_user_stack, boot_timestamp, 64);

SIZE(struct gadget_socket_value, 8280);
ALIGN(struct gadget_socket_value, 8);
AT(struct gadget_socket_value, mntns, 0);
AT(struct gadget_socket_value, pid_tgid, 8);
AT(struct gadget_socket_value, uid_gid, 16);
AT(struct gadget_socket_value, task, 24);
AT(struct gadget_socket_value, ptask, 40);
AT(struct gadget_socket_value, sock, 56);
AT(struct gadget_socket_value, deletion_timestamp, 64);
AT(struct gadget_socket_value, ppid, 72);
AT(struct gadget_socket_value, ptid, 76);
AT(struct gadget_socket_value, ipv6only, 80);
AT(struct gadget_socket_value, optional_fields_start, 88);
AT(struct gadget_socket_value, cwd, 88);
AT(struct gadget_socket_value, exepath, 4184);

bool types_has_bool;
