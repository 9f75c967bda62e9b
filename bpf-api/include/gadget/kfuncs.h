/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions of the kernel that programs may call, beside the helpers. Needs
 * vmlinux.h. All are weak: where the kernel has no such function the program
 * loads all the same, if the call stands behind bpf_ksym_exists():
 *
 *   if (bpf_ksym_exists(bpf_task_from_pid))
 *           task = bpf_task_from_pid(pid);
 *
 * The version is that of the Linux which had the function first. Not all types
 * of programs may call each of them: the kernel says so when it loads one.
 */
#ifndef __GADGET_KFUNCS_H
#define __GADGET_KFUNCS_H

#include <bpf/bpf_helpers.h>

#define __GADGET_KFUNC __ksym __weak

/* 6.2: a section in which pointers marked __rcu stay valid. */
extern void bpf_rcu_read_lock(void) __GADGET_KFUNC;
extern void bpf_rcu_read_unlock(void) __GADGET_KFUNC;

/* 6.10: a section that stays on its CPU. */
extern void bpf_preempt_disable(void) __GADGET_KFUNC;
extern void bpf_preempt_enable(void) __GADGET_KFUNC;

/* 6.2: hold a task. What is acquired must be released; NULL must be checked. */
extern struct task_struct *bpf_task_acquire(struct task_struct *p) __GADGET_KFUNC;
extern void bpf_task_release(struct task_struct *p) __GADGET_KFUNC;
extern struct task_struct *bpf_task_from_pid(s32 pid) __GADGET_KFUNC;

/* 6.2: hold a control group; 6.5 for bpf_task_under_cgroup(). */
extern struct cgroup *bpf_cgroup_acquire(struct cgroup *cgrp) __GADGET_KFUNC;
extern void bpf_cgroup_release(struct cgroup *cgrp) __GADGET_KFUNC;
extern struct cgroup *bpf_cgroup_ancestor(struct cgroup *cgrp, int level) __GADGET_KFUNC;
extern struct cgroup *bpf_cgroup_from_id(u64 cgid) __GADGET_KFUNC;
extern long bpf_task_under_cgroup(struct task_struct *task,
				  struct cgroup *ancestor) __GADGET_KFUNC;

/* 6.2: the kernel's own view of the context, e.g. struct sk_buff. */
extern void *bpf_cast_to_kern_ctx(void *obj) __GADGET_KFUNC;

/* 6.4: a packet, whether or not it is in one piece. */
extern int bpf_dynptr_from_skb(struct __sk_buff *s, u64 flags,
			       struct bpf_dynptr *ptr__uninit) __GADGET_KFUNC;
extern int bpf_dynptr_from_xdp(struct xdp_md *x, u64 flags,
			       struct bpf_dynptr *ptr__uninit) __GADGET_KFUNC;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *p, u32 offset,
			      void *buffer__opt, u32 buffer__szk) __GADGET_KFUNC;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, u32 offset,
				   void *buffer__opt, u32 buffer__szk) __GADGET_KFUNC;

/* 6.5: parts of a dynptr. */
extern int bpf_dynptr_adjust(const struct bpf_dynptr *p, u32 start, u32 end) __GADGET_KFUNC;
extern bool bpf_dynptr_is_null(const struct bpf_dynptr *p) __GADGET_KFUNC;
extern bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *p) __GADGET_KFUNC;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *p) __GADGET_KFUNC;
extern int bpf_dynptr_clone(const struct bpf_dynptr *p,
			    struct bpf_dynptr *clone__uninit) __GADGET_KFUNC;

/* 6.7: bpf_for_each(task, task, NULL, BPF_TASK_ITER_ALL_PROCS) */
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task__nullable,
			     unsigned int flags) __GADGET_KFUNC;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __GADGET_KFUNC;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __GADGET_KFUNC;

/* 6.7: bpf_for_each(task_vma, vma, task, address) */
extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task,
				 u64 addr) __GADGET_KFUNC;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __GADGET_KFUNC;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __GADGET_KFUNC;

/* 6.7: bpf_for_each(css, css, &cgroup->self, BPF_CGROUP_ITER_DESCENDANTS_PRE) */
extern int bpf_iter_css_new(struct bpf_iter_css *it, struct cgroup_subsys_state *start,
			    unsigned int flags) __GADGET_KFUNC;
extern struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *it) __GADGET_KFUNC;
extern void bpf_iter_css_destroy(struct bpf_iter_css *it) __GADGET_KFUNC;

/* 6.11: bpf_for_each(bits, bit, words, number_of_words) */
extern int bpf_iter_bits_new(struct bpf_iter_bits *it, const u64 *unsafe_ptr__ign,
			     u32 nr_words) __GADGET_KFUNC;
extern int *bpf_iter_bits_next(struct bpf_iter_bits *it) __GADGET_KFUNC;
extern void bpf_iter_bits_destroy(struct bpf_iter_bits *it) __GADGET_KFUNC;

/* 6.12, for LSM programs: files and their paths. */
extern struct file *bpf_get_task_exe_file(struct task_struct *task) __GADGET_KFUNC;
extern void bpf_put_file(struct file *file) __GADGET_KFUNC;
extern int bpf_path_d_path(struct path *path, char *buf, size_t buf__sz) __GADGET_KFUNC;

#endif /* __GADGET_KFUNCS_H */
