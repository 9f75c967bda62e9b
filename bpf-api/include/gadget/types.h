/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Types with a meaning: userspace recognises their names in BTF and formats,
 * enriches or counts the fields that have them. A field whose name ends in
 * "_raw" keeps its number and gets a formatted sibling without the suffix.
 *
 * Include vmlinux.h or linux/types.h first.
 */
#ifndef __GADGET_TYPES_H
#define __GADGET_TYPES_H

#ifndef __VMLINUX_H__
#include <stdbool.h>
#endif

#ifndef TASK_COMM_LEN
#define TASK_COMM_LEN 16
#endif

/* Largest path that the socket enricher stores, with its final NUL. */
#define GADGET_SE_PATH_MAX 4096

/* An IPv4 or IPv6 address in network byte order. */
union gadget_ip_addr_t {
	__u8 v6[16];
	/* Sets the alignment of every event that holds an address. */
	unsigned __int128 v6_raw;
	__u32 v4;
};

/* A host: version is 4 or 6. */
struct gadget_l3endpoint_t {
	union gadget_ip_addr_t addr_raw;
	__u8 version;
};

/* A host, port (host byte order) and IP protocol number. */
struct gadget_l4endpoint_t {
	union gadget_ip_addr_t addr_raw;
	__u16 port;
	__u16 proto_raw;
	__u8 version;
};

/* Inode number of a mount namespace, of a network namespace. */
typedef __u64 gadget_mntns_id;
typedef __u32 gadget_netns_id;

/* Nanoseconds of bpf_ktime_get_boot_ns(); 0 means "now". */
typedef __u64 gadget_timestamp;

typedef __u32 gadget_signal;
typedef __u32 gadget_errno; /* positive; 0 is success */
typedef __u32 gadget_uid;
typedef __u32 gadget_gid;
typedef __u64 gadget_syscall; /* number on the running architecture */
typedef __u32 gadget_file_mode;
typedef __u32 gadget_file_flags; /* O_* of open(2) */
typedef __u64 gadget_bytes;
typedef __u64 gadget_duration; /* nanoseconds */

/* Stack id from gadget_get_kernel_stack(). */
typedef __u32 gadget_kernel_stack;

/* Filled by gadget_get_user_stack(). */
struct gadget_user_stack {
	__u32 major;
	__u32 minor;
	__u64 inode;
	__u64 mtime_sec;
	__u32 mtime_nsec;
	__u32 base_addr_hash;
	__u32 stack_id;
	__u32 tgid_level0;
	__u32 pid_level0;
	__u32 pidns_level0;
	__u32 pid_level1;
	__u32 pidns_level1;
	__u64 otel_correlation_id;
	__u64 boot_timestamp;
};

/* "pid" is a thread group, "tid" a thread, as users know them. */
typedef __u32 gadget_pid;
typedef __u32 gadget_ppid;
typedef __u32 gadget_tid;
typedef __u32 gadget_ptid;
typedef char gadget_comm; /* an array of TASK_COMM_LEN */
typedef char gadget_pcomm;

/* Metrics. */
typedef __u32 gadget_counter__u32;
typedef __u64 gadget_counter__u64;
typedef __u32 gadget_gauge__u32;
typedef __u64 gadget_gauge__u64;
typedef __u32 gadget_histogram_slot__u32;
typedef __u64 gadget_histogram_slot__u64;

struct gadget_creds {
	gadget_uid uid;
	gadget_gid gid;
};

struct gadget_parent {
	gadget_pcomm comm[TASK_COMM_LEN];
	gadget_ppid pid;
	gadget_ptid tid;
};

/* Who caused an event; see gadget_process_populate(). */
struct gadget_process {
	gadget_comm comm[TASK_COMM_LEN];
	gadget_pid pid;
	gadget_tid tid;
	gadget_mntns_id mntns_id;
	struct gadget_creds creds;
	struct gadget_parent parent;
};

/*
 * What the socket enricher knows of the process behind a socket. A template:
 * accesses are relocated at load time, and the members after
 * optional_fields_start may be absent or shorter. Test them with
 * bpf_core_field_exists() and bpf_core_field_size().
 */
struct gadget_socket_value {
	__u64 mntns;
	__u64 pid_tgid;
	__u64 uid_gid;
	char task[TASK_COMM_LEN];
	char ptask[TASK_COMM_LEN];
	__u64 sock;
	__u64 deletion_timestamp; /* 0 while the socket lives */
	__u32 ppid;
	__u32 ptid;
	char ipv6only;
	char optional_fields_start[0] __attribute__((aligned(8)));
	char cwd[GADGET_SE_PATH_MAX];
	char exepath[GADGET_SE_PATH_MAX];
} __attribute__((preserve_access_index));

#endif /* __GADGET_TYPES_H */
