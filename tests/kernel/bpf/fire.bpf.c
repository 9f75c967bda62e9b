// SPDX-License-Identifier: GPL-2.0
// One program for each of the simple hooks. All count their runs for one process in `hits`; the tracepoint also sends
// what it saw.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum { HIT_TRACEPOINT, HIT_RAW, HIT_BTF, HIT_UPROBE, HIT_URETPROBE, HIT_PERF_EVENT, HIT_KINDS };

const volatile __u32 target_tgid = 0;
const volatile __u64 syscall_number = 0;
const volatile char label[8] = "fire";
__u32 mutable_start = 7;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, HIT_KINDS);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} events_lost_samples SEC(".maps");

struct record {
	__u64 argument;
	__u32 tgid;
	__u32 start;
	char label[8];
};

struct sys_enter {
	__u64 common;
	__s64 id;
	__u64 args[6];
};

static __always_inline int is_target(void)
{
	return bpf_get_current_pid_tgid() >> 32 == target_tgid;
}

static __always_inline void count(__u32 kind)
{
	__u64 *value = bpf_map_lookup_elem(&hits, &kind);

	if (value)
		__sync_fetch_and_add(value, 1);
}

SEC("tracepoint/syscalls/sys_enter_getpgid")
int on_tracepoint(struct sys_enter *ctx)
{
	struct record *record;
	__u32 zero = 0;
	__u64 *lost;

	if (!is_target())
		return 0;
	count(HIT_TRACEPOINT);
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		lost = bpf_map_lookup_elem(&events_lost_samples, &zero);
		if (lost)
			*lost += 1;
		return 0;
	}
	record->argument = ctx->args[0];
	record->tgid = target_tgid;
	record->start = mutable_start;
	for (int i = 0; i < 8; i++)
		record->label[i] = label[i];
	if (ctx->args[0] == 4242)
		bpf_ringbuf_discard(record, 0);
	else if (ctx->args[0] == 4243)
		bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	else
		bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("raw_tp/sys_enter")
int on_raw(struct bpf_raw_tracepoint_args *ctx)
{
	if (is_target() && ctx->args[1] == syscall_number)
		count(HIT_RAW);
	return 0;
}

SEC("tp_btf/sys_enter")
int on_btf(__u64 *ctx)
{
	if (is_target() && ctx[1] == syscall_number)
		count(HIT_BTF);
	return 0;
}

SEC("uprobe")
int on_uprobe(void *ctx)
{
	count(HIT_UPROBE);
	return 0;
}

SEC("uretprobe")
int on_uretprobe(void *ctx)
{
	count(HIT_URETPROBE);
	return 0;
}

SEC("perf_event")
int on_perf_event(void *ctx)
{
	count(HIT_PERF_EVENT);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
