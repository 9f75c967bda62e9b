// SPDX-License-Identifier: GPL-2.0
/* Lists processes. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include <gadget/macros.h>
#include <gadget/types.h>

/* One row. Each member is a field of the data source; gadget.yaml describes them. */
struct entry {
	gadget_pid pid;
	gadget_ppid ppid;
	gadget_uid uid;
	gadget_comm comm[TASK_COMM_LEN];
};

/* The data source, its struct, and the iterators that write it. */
GADGET_ITER(@name@, entry, @name@_list);

/* A parameter: 'gadget run ... --only_uid'; -1 means all. */
const volatile __s64 only_uid = -1;
GADGET_PARAM(only_uid);

SEC("iter/task")
int @name@_list(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct entry entry = {};

	/* The iterator calls once more at its end, without a task; threads have a pid of their own. */
	if (!task || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	entry.uid = BPF_CORE_READ(task, cred, uid.val);
	if (only_uid >= 0 && entry.uid != only_uid)
		return 0;
	entry.pid = BPF_CORE_READ(task, tgid);
	entry.ppid = BPF_CORE_READ(task, real_parent, tgid);
	BPF_CORE_READ_STR_INTO(&entry.comm, task, comm);
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

char _license[] SEC("license") = "GPL";
