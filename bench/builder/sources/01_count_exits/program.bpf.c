// SPDX-License-Identifier: GPL-2.0
/* Counts the processes that end, by name. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include <gadget/macros.h>
#include <gadget/types.h>

struct exit_key {
	gadget_comm comm[TASK_COMM_LEN];
};

struct exit_value {
	gadget_counter__u64 exits;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct exit_key);
	__type(value, struct exit_value);
} exits SEC(".maps");

GADGET_MAPITER(exits, exits);

SEC("tracepoint/sched/sched_process_exit")
int count_exit(void *ctx)
{
	struct exit_key key = {};
	struct exit_value *value, one = { .exits = 1 };

	bpf_get_current_comm(key.comm, sizeof(key.comm));
	value = bpf_map_lookup_elem(&exits, &key);
	if (value)
		__sync_fetch_and_add(&value->exits, 1);
	else
		bpf_map_update_elem(&exits, &key, &one, BPF_NOEXIST);
	return 0;
}

char _license[] SEC("license") = "GPL";
