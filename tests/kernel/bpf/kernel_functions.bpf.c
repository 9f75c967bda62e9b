// SPDX-License-Identifier: GPL-2.0
// Hooks in kernel functions; each program counts its runs for one process.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 target_tgid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static __always_inline int count(__u32 kind)
{
	__u64 *value = bpf_map_lookup_elem(&hits, &kind);

	if (value && bpf_get_current_pid_tgid() >> 32 == target_tgid)
		__sync_fetch_and_add(value, 1);
	return 0;
}

SEC("kprobe/sys_getpgid")
int on_kprobe(void *ctx)
{
	return count(0);
}

SEC("kretprobe/sys_getpgid")
int on_kretprobe(void *ctx)
{
	return count(1);
}

SEC("fentry/security_task_getpgid")
int on_fentry(void *ctx)
{
	return count(2);
}

SEC("fexit/security_task_getpgid")
int on_fexit(void *ctx)
{
	return count(3);
}

SEC("?lsm/file_open")
int on_lsm(void *ctx)
{
	count(4);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
