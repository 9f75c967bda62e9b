// SPDX-License-Identifier: GPL-2.0
/* Counts what processes write. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/maps.bpf.h>
#include <gadget/types.h>

#define MAX_PROCESSES 10240

/* One entry of the map is one row: the members of key and value are its fields. */
struct writer_key {
	gadget_pid pid;
	gadget_comm comm[TASK_COMM_LEN];
};

struct writer_stats {
	__u64 writes;
	gadget_bytes written_raw;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PROCESSES);
	__type(key, struct writer_key);
	__type(value, struct writer_stats);
} writers SEC(".maps");

/* The data source, and the map that is read and emptied in each interval. */
GADGET_MAPITER(@name@, writers);

/* A parameter: 'gadget run ... --min_size'. */
const volatile __u64 min_size = 0;
GADGET_PARAM(min_size);

SEC("tracepoint/syscalls/sys_exit_write")
int @name@_write(struct trace_event_raw_sys_exit *ctx)
{
	static const struct writer_stats none = {};
	struct writer_key key = {};
	struct writer_stats *stats;
	long size = ctx->ret;

	/* --pid, --uid, --comm and the like, which every gadget has. */
	if (size <= 0 || (__u64)size < min_size ||
	    gadget_should_discard_data_current())
		return 0;

	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	stats = bpf_map_lookup_or_try_init(&writers, &key, &none);
	if (!stats)
		return 0;
	/* Threads of the process may be here at the same time. */
	__sync_fetch_and_add(&stats->writes, 1);
	__sync_fetch_and_add(&stats->written_raw, size);
	return 0;
}

char _license[] SEC("license") = "GPL";
