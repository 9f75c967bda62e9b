// SPDX-License-Identifier: GPL-2.0
/* Lists processes, and on request their threads. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/types.h>

struct process_entry {
	struct gadget_process proc;
	__u64 start_time;
};

const volatile bool show_threads = false;
GADGET_PARAM(show_threads);

GADGET_ITER(processes, process_entry, list_processes);

SEC("iter/task")
int list_processes(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct process_entry entry = {};
	struct task_struct *parent;

	if (!task)
		return 0;
	entry.proc.pid = BPF_CORE_READ(task, tgid);
	entry.proc.tid = BPF_CORE_READ(task, pid);
	if (!show_threads && entry.proc.pid != entry.proc.tid)
		return 0;
	entry.proc.mntns_id = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	entry.proc.creds.uid = BPF_CORE_READ(task, cred, uid.val);
	entry.proc.creds.gid = BPF_CORE_READ(task, cred, gid.val);
	BPF_CORE_READ_STR_INTO(&entry.proc.comm, task, comm);
	if (gadget_should_discard_data(entry.proc.mntns_id, entry.proc.pid,
				       entry.proc.tid, entry.proc.comm,
				       entry.proc.creds.uid,
				       entry.proc.creds.gid))
		return 0;

	parent = BPF_CORE_READ(task, real_parent);
	entry.proc.parent.pid = BPF_CORE_READ(parent, tgid);
	entry.proc.parent.tid = BPF_CORE_READ(parent, pid);
	BPF_CORE_READ_STR_INTO(&entry.proc.parent.comm, parent, comm);
	entry.start_time = BPF_CORE_READ(task, start_time);
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
