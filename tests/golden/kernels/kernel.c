// SPDX-License-Identifier: GPL-2.0
/*
 * A very small kernel: only its types matter. Every enumerator has the value
 * that Linux gives it.
 */
enum bpf_prog_type {
	BPF_PROG_TYPE_UNSPEC,
	BPF_PROG_TYPE_SOCKET_FILTER,
	BPF_PROG_TYPE_KPROBE,
	BPF_PROG_TYPE_TRACEPOINT = 5,
	BPF_PROG_TYPE_RAW_TRACEPOINT = 17,
	BPF_PROG_TYPE_TRACING = 26,
	BPF_PROG_TYPE_LSM = 29,
};

enum bpf_attach_type {
	BPF_TRACE_RAW_TP = 23,
	BPF_TRACE_FENTRY = 24,
	BPF_TRACE_FEXIT = 25,
	BPF_MODIFY_RETURN = 26,
	BPF_LSM_MAC = 27,
	BPF_TRACE_ITER = 28,
	__MAX_BPF_ATTACH_TYPE = 38,
};

enum bpf_map_type {
	BPF_MAP_TYPE_UNSPEC,
	BPF_MAP_TYPE_HASH,
	BPF_MAP_TYPE_ARRAY,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum bpf_func_id {
	BPF_FUNC_unspec,
	BPF_FUNC_map_lookup_elem,
	BPF_FUNC_ktime_get_ns = 5,
	BPF_FUNC_probe_read_kernel = 113,
	BPF_FUNC_ktime_get_boot_ns = 125,
	__BPF_FUNC_MAX_ID = 165,
};

enum task_state { TASK_RUNNING, TASK_SLEEPING };

struct mm_struct {
	unsigned long total_vm;
};

struct task_struct {
	long long before;
	int pid;
	int tgid;
	struct mm_struct *mm;
	unsigned int state;
};

struct bpf_iter__task {
	struct task_struct *task;
};

typedef void (*btf_trace_sched_switch)(void *data, struct task_struct *prev);

struct {
	enum bpf_prog_type program;
	enum bpf_attach_type attach;
	enum bpf_map_type map;
	enum bpf_func_id helper;
	enum task_state state;
	btf_trace_sched_switch tracepoint;
	struct task_struct *task;
	struct bpf_iter__task *iterator;
} kernel;

int vfs_read(struct task_struct *task)
{
	return task->pid;
}

int security_file_open(void *file)
{
	return !file;
}

int bpf_lsm_file_open(void *file)
{
	return !file;
}

int bpf_iter_task(struct bpf_iter__task *ctx)
{
	return ctx->task->pid;
}

int bpf_known_kfunc(int number)
{
	return number;
}
