// SPDX-License-Identifier: GPL-2.0
// Sends the process id of everyone who opens a file.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* 0: everyone */
const volatile __u32 target_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (target_pid == 0 || pid == target_pid)
		bpf_ringbuf_output(&events, &pid, sizeof(pid), 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
