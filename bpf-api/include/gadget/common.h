/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* What most tracers put into their events. Includes vmlinux.h. */
#ifndef __GADGET_COMMON_H
#define __GADGET_COMMON_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include <gadget/mntns.h>
#include <gadget/types.h>

/* gadget_process_populate - describe the current task and its parent. */
static __always_inline void gadget_process_populate(struct gadget_process *p)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u64 uid_gid = bpf_get_current_uid_gid();
	struct task_struct *parent;

	bpf_get_current_comm(p->comm, sizeof(p->comm));
	p->pid = pid_tgid >> 32;
	p->tid = (__u32)pid_tgid;
	p->mntns_id = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	p->creds.uid = (__u32)uid_gid;
	p->creds.gid = uid_gid >> 32;

	parent = BPF_CORE_READ(task, real_parent);
	if (!parent) {
		p->parent = (struct gadget_parent){};
		return;
	}
	bpf_core_read(p->parent.comm, sizeof(p->parent.comm), &parent->comm);
	p->parent.pid = (__u32)BPF_CORE_READ(parent, tgid);
	p->parent.tid = (__u32)BPF_CORE_READ(parent, pid);
}

#endif /* __GADGET_COMMON_H */
