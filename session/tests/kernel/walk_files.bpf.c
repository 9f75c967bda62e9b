// SPDX-License-Identifier: GPL-2.0
// The open files of all tasks.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include <gadget/macros.h>

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));
struct task_struct {
	int tgid;
} __attribute__((preserve_access_index));
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
} __attribute__((preserve_access_index));

struct open_file {
	__u32 pid;
	__u32 fd;
};

GADGET_ITER(files, open_file, list_files);

SEC("iter/task_file")
int list_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct open_file entry = {};

	if (!task)
		return 0;
	entry.pid = task->tgid;
	entry.fd = ctx->fd;
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
