/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Kernel structures that changed over time, read the same way on all kernels.
 * Needs vmlinux.h.
 *
 * "struct x___y" is a flavour: the loader relocates it against the kernel's
 * struct x. It declares only the members that matter here.
 */
#ifndef __GADGET_CORE_FIXES_BPF_H
#define __GADGET_CORE_FIXES_BPF_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/*
 * A call that makes the verifier refuse the program, unless it is in a branch
 * that the verifier removes. The number is the one by which libbpf poisons
 * instructions whose relocation failed.
 */
static void (*const bpf_core_unreachable)(void)
	__attribute__((unused)) = (void *)0xbad2310;

/* Linux 5.14 renamed task_struct.state and changed its type. */
struct task_struct___o {
	volatile long state;
} __attribute__((preserve_access_index));

struct task_struct___x {
	unsigned int __state;
} __attribute__((preserve_access_index));

static __always_inline __s64 get_task_state(void *task)
{
	struct task_struct___x *now = task;
	struct task_struct___o *old = task;

	if (bpf_core_field_exists(now->__state))
		return BPF_CORE_READ(now, __state);
	return BPF_CORE_READ(old, state);
}

/* Linux 5.12 replaced bio.bi_disk by bi_bdev. */
struct bio___o {
	struct gendisk *bi_disk;
} __attribute__((preserve_access_index));

struct bio___x {
	struct block_device *bi_bdev;
} __attribute__((preserve_access_index));

static __always_inline struct gendisk *get_gendisk(void *bio)
{
	struct bio___x *now = bio;
	struct bio___o *old = bio;

	if (bpf_core_field_exists(now->bi_bdev))
		return BPF_CORE_READ(now, bi_bdev, bd_disk);
	return BPF_CORE_READ(old, bi_disk);
}

/* block_rq_complete, as an event of its own and as one of a class. */
struct trace_event_raw_block_rq_complete___x {
	dev_t dev;
	sector_t sector;
	unsigned int nr_sector;
} __attribute__((preserve_access_index));

struct trace_event_raw_block_rq_completion___x {
	dev_t dev;
	sector_t sector;
	unsigned int nr_sector;
} __attribute__((preserve_access_index));

static __always_inline bool has_block_rq_completion(void)
{
	return bpf_core_type_exists(
		struct trace_event_raw_block_rq_completion___x);
}

/* Linux 5.17 moved the disk from the request to its queue. */
struct request_queue___x {
	struct gendisk *disk;
} __attribute__((preserve_access_index));

struct request___x {
	struct request_queue___x *q;
	struct gendisk *rq_disk;
} __attribute__((preserve_access_index));

static __always_inline struct gendisk *get_disk(void *request)
{
	struct request___x *rq = request;

	if (bpf_core_field_exists(rq->rq_disk))
		return BPF_CORE_READ(rq, rq_disk);
	return BPF_CORE_READ(rq, q, disk);
}

/* Linux 5.12 to 6.2 have renamedata.old_mnt_userns. */
struct renamedata___x {
	struct user_namespace *old_mnt_userns;
} __attribute__((preserve_access_index));

static __always_inline bool renamedata_has_old_mnt_userns_field(void)
{
	return bpf_core_field_exists(struct renamedata___x, old_mnt_userns);
}

/* Linux 5.12 split the class kmem_free into kfree and kmem_cache_free. */
struct trace_event_raw_kmem_free___x {
	const void *ptr;
} __attribute__((preserve_access_index));

struct trace_event_raw_kfree___x {
	const void *ptr;
} __attribute__((preserve_access_index));

struct trace_event_raw_kmem_cache_free___x {
	const void *ptr;
} __attribute__((preserve_access_index));

static __always_inline bool has_kfree(void)
{
	return bpf_core_type_exists(struct trace_event_raw_kfree___x);
}

static __always_inline bool has_kmem_cache_free(void)
{
	return bpf_core_type_exists(struct trace_event_raw_kmem_cache_free___x);
}

/* tcp_retransmit_skb, as an event of its own and as one of a class. */
struct trace_event_raw_tcp_retransmit_skb___x {
	struct trace_entry ent;
	const void *skbaddr;
	const void *skaddr;
} __attribute__((preserve_access_index));

struct trace_event_raw_tcp_event_sk_skb___x {
	struct trace_entry ent;
	const void *skbaddr;
	const void *skaddr;
} __attribute__((preserve_access_index));

/* The arguments of the tracepoint tcp/tcp_retransmit_skb, from its context. */
static __always_inline const struct sk_buff *
gadget_get_tcp_retransmit_skb_skbaddr(void *ctx)
{
	struct trace_event_raw_tcp_retransmit_skb___x *now = ctx;
	struct trace_event_raw_tcp_event_sk_skb___x *old = ctx;

	if (bpf_core_type_exists(struct trace_event_raw_tcp_retransmit_skb___x))
		return BPF_CORE_READ(now, skbaddr);
	return BPF_CORE_READ(old, skbaddr);
}

static __always_inline const struct sock *
gadget_get_tcp_retransmit_skb_skaddr(void *ctx)
{
	struct trace_event_raw_tcp_retransmit_skb___x *now = ctx;
	struct trace_event_raw_tcp_event_sk_skb___x *old = ctx;

	if (bpf_core_type_exists(struct trace_event_raw_tcp_retransmit_skb___x))
		return BPF_CORE_READ(now, skaddr);
	return BPF_CORE_READ(old, skaddr);
}

/* inode.i_ctime became __i_ctime in Linux 6.6, and two numbers in 6.11. */
struct inode___older_v66 {
	struct timespec64 i_ctime;
} __attribute__((preserve_access_index));

struct inode___older_v611 {
	struct timespec64 __i_ctime;
} __attribute__((preserve_access_index));

/* From Linux 6.13 this bit of the nanoseconds is a flag of the kernel's own. */
#define I_CTIME_QUERIED (1U << 31)

/* Change time in nanoseconds since 1970; 0 for times before. */
static __always_inline u64
gadget_get_ctime_nanosec_from_inode(struct inode *inode)
{
	struct inode___older_v611 *v66 = (void *)inode;
	struct inode___older_v66 *old = (void *)inode;
	__s64 sec;
	__u64 nsec;

	if (bpf_core_field_exists(inode->i_ctime_sec)) {
		sec = BPF_CORE_READ(inode, i_ctime_sec);
		nsec = (__u32)BPF_CORE_READ(inode, i_ctime_nsec);
	} else if (bpf_core_field_exists(v66->__i_ctime)) {
		sec = BPF_CORE_READ(v66, __i_ctime.tv_sec);
		nsec = BPF_CORE_READ(v66, __i_ctime.tv_nsec);
	} else {
		sec = BPF_CORE_READ(old, i_ctime.tv_sec);
		nsec = BPF_CORE_READ(old, i_ctime.tv_nsec);
	}

	if (sec < 0)
		return 0;
	return sec * 1000000000ULL + (nsec & ~I_CTIME_QUERIED);
}

/* System call number in the registers of raw_syscalls; -1 if unknown. */
static __always_inline long gadget_get_syscall_nr(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(regs, orig_ax);
#elif defined(__TARGET_ARCH_arm64)
	return BPF_CORE_READ(regs, syscallno);
#else
	return -1;
#endif
}

/* Argument 1 to 6 of a system call; 0 for any other number. */
static __always_inline unsigned long gadget_get_syscall_arg(struct pt_regs *regs,
							    unsigned int arg_id)
{
	switch (arg_id) {
	case 1:
		return PT_REGS_PARM1_CORE_SYSCALL(regs);
	case 2:
		return PT_REGS_PARM2_CORE_SYSCALL(regs);
	case 3:
		return PT_REGS_PARM3_CORE_SYSCALL(regs);
	case 4:
		return PT_REGS_PARM4_CORE_SYSCALL(regs);
	case 5:
		return PT_REGS_PARM5_CORE_SYSCALL(regs);
	case 6:
		return PT_REGS_PARM6_CORE_SYSCALL(regs);
	default:
		return 0;
	}
}

#endif /* __GADGET_CORE_FIXES_BPF_H */
