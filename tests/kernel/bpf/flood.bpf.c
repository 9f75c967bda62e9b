// SPDX-License-Identifier: GPL-2.0
// Floods a ring buffer: `batch` records of 8 bytes for each getpgid() of one process.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 target_tgid = 0;
const volatile __u64 syscall_number = 0;
const volatile __u32 batch = 500;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("raw_tp/sys_enter")
int flood(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 sent_key = 0, lost_key = 1;
	__u64 *sent, *lost;

	if (bpf_get_current_pid_tgid() >> 32 != target_tgid || ctx->args[1] != syscall_number)
		return 0;
	sent = bpf_map_lookup_elem(&counts, &sent_key);
	lost = bpf_map_lookup_elem(&counts, &lost_key);
	if (!sent || !lost)
		return 0;
	for (__u32 i = 0; i < batch; i++) {
		__u64 *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

		if (!record) {
			*lost += 1;
			continue;
		}
		*record = *sent;
		*sent += 1;
		bpf_ringbuf_submit(record, 0);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
