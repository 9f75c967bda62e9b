// SPDX-License-Identifier: GPL-2.0
// Sources of every kind, for the process whose id the constant tells (0: all).
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <gadget/macros.h>

enum bpf_attach_type_of_test { TEST_ONE = 1, TEST_TWO = 2 };

struct call {
	__u64 number;
	__u32 tid;
	enum bpf_map_type type_raw;
};

struct key {
	__u64 number;
};

struct value {
	__u64 count;
};

struct entry {
	__u64 number;
	__u64 count;
};

struct task_entry {
	__u32 pid;
	__u32 tid;
};

const volatile __u32 wanted = 0;
GADGET_PARAM(wanted);
const volatile __u32 counts_max_entries = 4096;
GADGET_PARAM(counts_max_entries);
const volatile char label[8] = "none";
GADGET_PARAM(label);
const volatile __u32 shorter = 0;
GADGET_PARAM(shorter);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct key);
	__type(value, struct value);
} counts SEC(".maps");

GADGET_TRACER(calls, calls, call);
GADGET_MAPITER(counts, counts);
GADGET_ITER(tasks, task_entry, list_tasks);
GADGET_ITER(elements, entry, list_elements);

SEC("raw_tp/sys_enter")
int on_call(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct value one = {1}, *value;
	struct key key = {ctx->args[1]};
	struct call call = {ctx->args[1], (__u32)pid_tgid, BPF_MAP_TYPE_RINGBUF};

	if (wanted && pid_tgid >> 32 != wanted)
		return 0;
	value = bpf_map_lookup_elem(&counts, &key);
	if (value)
		__sync_fetch_and_add(&value->count, 1);
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_NOEXIST);
	if (shorter)
		bpf_ringbuf_output(&calls, &call, sizeof(call.number), 0);
	else
		bpf_ringbuf_output(&calls, &call, sizeof(call), 0);
	return 0;
}

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));
struct task_struct {
	int pid;
	int tgid;
} __attribute__((preserve_access_index));
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_entry entry = {};

	if (!task)
		return 0;
	entry.pid = task->tgid;
	entry.tid = task->pid;
	if (wanted && entry.pid != wanted)
		return 0;
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

/* Four rows, whatever runs. */
SEC("iter/task")
int list_elements(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct entry entries[4] = {{0}, {1}, {2}, {3}};

	if (task)
		return 0; /* at the end there is none */
	bpf_seq_write(ctx->meta->seq, entries, sizeof(entries));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
