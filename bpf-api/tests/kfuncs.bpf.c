// SPDX-License-Identifier: GPL-2.0
/*
 * gadget/kfuncs.h, but for files. Where the kernel lacks a function, the verifier removes what
 * stands behind bpf_ksym_exists(). The programs named check can be run by
 * BPF_PROG_TEST_RUN: they return 0 or the line of the check that failed.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <gadget/kfuncs.h>

__u64 seen;

SEC("tp_btf/task_newtask")
int BPF_PROG(tasks, struct task_struct *task)
{
	struct task_struct *held;

	if (!bpf_ksym_exists(bpf_task_acquire) || !bpf_ksym_exists(bpf_task_release) ||
	    !bpf_ksym_exists(bpf_task_from_pid))
		return 0;
	held = bpf_task_acquire(task);
	if (held) {
		seen += held->pid;
		bpf_task_release(held);
	}
	held = bpf_task_from_pid(1);
	if (held)
		bpf_task_release(held);
	return 0;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(sections, struct task_struct *task)
{
	if (bpf_ksym_exists(bpf_rcu_read_lock) && bpf_ksym_exists(bpf_rcu_read_unlock)) {
		bpf_rcu_read_lock();
		seen += task->real_parent->pid;
		bpf_rcu_read_unlock();
	}
	if (bpf_ksym_exists(bpf_preempt_disable) && bpf_ksym_exists(bpf_preempt_enable)) {
		bpf_preempt_disable();
		seen++;
		bpf_preempt_enable();
	}
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroups, struct cgroup *cgroup)
{
	struct cgroup *held;

	if (!bpf_ksym_exists(bpf_cgroup_acquire) || !bpf_ksym_exists(bpf_cgroup_release) ||
	    !bpf_ksym_exists(bpf_cgroup_ancestor) || !bpf_ksym_exists(bpf_cgroup_from_id) ||
	    !bpf_ksym_exists(bpf_task_under_cgroup))
		return 0;
	held = bpf_cgroup_acquire(cgroup);
	if (held) {
		seen += bpf_task_under_cgroup(bpf_get_current_task_btf(), held);
		bpf_cgroup_release(held);
	}
	held = bpf_cgroup_ancestor(cgroup, 0);
	if (held)
		bpf_cgroup_release(held);
	held = bpf_cgroup_from_id(1);
	if (held)
		bpf_cgroup_release(held);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(groups_below, struct cgroup *cgroup)
{
	struct cgroup_subsys_state *css;
	struct cgroup *root;

	if (!bpf_ksym_exists(bpf_iter_css_new) || !bpf_ksym_exists(bpf_iter_css_next) ||
	    !bpf_ksym_exists(bpf_iter_css_destroy) || !bpf_ksym_exists(bpf_cgroup_from_id) ||
	    !bpf_ksym_exists(bpf_cgroup_release))
		return 0;
	root = bpf_cgroup_from_id(1);
	if (!root)
		return 0;
	bpf_for_each(css, css, &root->self, BPF_CGROUP_ITER_DESCENDANTS_PRE)
		seen++;
	bpf_cgroup_release(root);
	return 0;
}

SEC("raw_tp/sys_enter")
int walk(void *ctx)
{
	struct vm_area_struct *vma;
	struct task_struct *task;

	if (bpf_ksym_exists(bpf_iter_task_new) && bpf_ksym_exists(bpf_iter_task_next) &&
	    bpf_ksym_exists(bpf_iter_task_destroy)) {
		bpf_for_each(task, task, NULL, BPF_TASK_ITER_ALL_PROCS)
			seen += task->pid;
	}
	if (bpf_ksym_exists(bpf_iter_task_vma_new) && bpf_ksym_exists(bpf_iter_task_vma_next) &&
	    bpf_ksym_exists(bpf_iter_task_vma_destroy)) {
		task = bpf_get_current_task_btf();
		bpf_for_each(task_vma, vma, task, 0)
			seen += vma->vm_start;
	}
	return 0;
}

SEC("classifier/ingress/check")
int check_packet(struct __sk_buff *skb)
{
	struct bpf_dynptr packet, copy;
	struct sk_buff *kernel_skb;
	char buffer[14], *bytes;

	if (bpf_ksym_exists(bpf_cast_to_kern_ctx)) {
		kernel_skb = bpf_cast_to_kern_ctx(skb);
		if (kernel_skb->len != skb->len)
			return __LINE__;
	}
	if (!bpf_ksym_exists(bpf_dynptr_from_skb) || !bpf_ksym_exists(bpf_dynptr_slice) ||
	    !bpf_ksym_exists(bpf_dynptr_slice_rdwr) || !bpf_ksym_exists(bpf_dynptr_adjust) ||
	    !bpf_ksym_exists(bpf_dynptr_is_null) || !bpf_ksym_exists(bpf_dynptr_is_rdonly) ||
	    !bpf_ksym_exists(bpf_dynptr_size) || !bpf_ksym_exists(bpf_dynptr_clone))
		return 0;
	if (bpf_dynptr_from_skb(skb, 0, &packet) || bpf_dynptr_clone(&packet, &copy))
		return __LINE__;
	if (bpf_dynptr_is_null(&packet) || bpf_dynptr_is_rdonly(&packet) ||
	    bpf_dynptr_size(&packet) != skb->len)
		return __LINE__;
	bytes = bpf_dynptr_slice_rdwr(&packet, 0, buffer, sizeof(buffer));
	if (!bytes)
		return __LINE__;
	bytes[13] = 'x';
	if (bpf_dynptr_adjust(&copy, 10, 14) || bpf_dynptr_size(&copy) != 4)
		return __LINE__;
	bytes = bpf_dynptr_slice(&copy, 3, buffer, 1);
	return bytes && bytes[0] == 'x' ? 0 : __LINE__;
}

SEC("xdp")
int check_frame(struct xdp_md *frame)
{
	struct bpf_dynptr packet;

	if (!bpf_ksym_exists(bpf_dynptr_from_xdp) || !bpf_ksym_exists(bpf_dynptr_size))
		return 0;
	if (bpf_dynptr_from_xdp(frame, 0, &packet))
		return __LINE__;
	return bpf_dynptr_size(&packet) == 64 ? 0 : __LINE__;
}

SEC("socket")
int check_bits(struct __sk_buff *skb)
{
	__u64 words = 0xb;
	int *bit, sum = 0;

	if (!bpf_ksym_exists(bpf_iter_bits_new) || !bpf_ksym_exists(bpf_iter_bits_next) ||
	    !bpf_ksym_exists(bpf_iter_bits_destroy))
		return 0;
	bpf_for_each(bits, bit, &words, 1)
		sum += *bit;
	return sum == 4 ? 0 : __LINE__;
}

char _license[] SEC("license") = "GPL";
