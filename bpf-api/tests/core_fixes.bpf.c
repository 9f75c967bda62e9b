// SPDX-License-Identifier: GPL-2.0
/* Each function of gadget/core_fixes.bpf.h. */
#include <vmlinux.h>
#include <gadget/core_fixes.bpf.h>

const volatile bool never = false;
__u64 results[16];

SEC("raw_tracepoint/sys_enter")
int task_and_syscall(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];

	results[0] = get_task_state((void *)bpf_get_current_task());
	results[1] = gadget_get_syscall_nr(regs);
	results[2] = gadget_get_syscall_arg(regs, 1) + gadget_get_syscall_arg(regs, 2) +
		     gadget_get_syscall_arg(regs, 3) + gadget_get_syscall_arg(regs, 4) +
		     gadget_get_syscall_arg(regs, 5) + gadget_get_syscall_arg(regs, 6) +
		     gadget_get_syscall_arg(regs, 7);
	results[3] = has_block_rq_completion();
	results[4] = renamedata_has_old_mnt_userns_field();
	results[5] = has_kfree();
	results[6] = has_kmem_cache_free();
	/* The verifier removes the branch, and with it the call. */
	if (never)
		bpf_core_unreachable();
	return 0;
}

SEC("kprobe/submit_bio")
int disk_of_bio(struct pt_regs *ctx)
{
	results[7] = (__u64)get_gendisk((void *)PT_REGS_PARM1(ctx));
	return 0;
}

SEC("raw_tracepoint/block_rq_issue")
int disk_of_request(struct bpf_raw_tracepoint_args *ctx)
{
	results[8] = (__u64)get_disk((void *)ctx->args[0]);
	return 0;
}

SEC("tracepoint/tcp/tcp_retransmit_skb")
int retransmit(void *ctx)
{
	results[9] = (__u64)gadget_get_tcp_retransmit_skb_skbaddr(ctx);
	results[10] = (__u64)gadget_get_tcp_retransmit_skb_skaddr(ctx);
	return 0;
}

SEC("kprobe/vfs_getattr")
int change_time(struct pt_regs *ctx)
{
	const struct path *path = (const struct path *)PT_REGS_PARM1(ctx);

	results[11] = gadget_get_ctime_nanosec_from_inode(BPF_CORE_READ(path, dentry, d_inode));
	return 0;
}

/* The names of the flavours are part of the interface. */
#define EXISTS(tag) _Static_assert(sizeof(struct tag) > 0, #tag)

EXISTS(task_struct___o);
EXISTS(task_struct___x);
EXISTS(bio___o);
EXISTS(bio___x);
EXISTS(trace_event_raw_block_rq_complete___x);
EXISTS(trace_event_raw_block_rq_completion___x);
EXISTS(request_queue___x);
EXISTS(request___x);
EXISTS(renamedata___x);
EXISTS(trace_event_raw_kmem_free___x);
EXISTS(trace_event_raw_kfree___x);
EXISTS(trace_event_raw_kmem_cache_free___x);
EXISTS(trace_event_raw_tcp_retransmit_skb___x);
EXISTS(trace_event_raw_tcp_event_sk_skb___x);
EXISTS(inode___older_v66);
EXISTS(inode___older_v611);

_Static_assert(I_CTIME_QUERIED == 0x80000000, "bit of the kernel's own");

char _license[] SEC("license") = "GPL";
