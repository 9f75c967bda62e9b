// SPDX-License-Identifier: GPL-2.0
/* Samples what the kernel does on behalf of processes, with its stacks. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include <gadget/filter.h>
#include <gadget/kernel_stack_map.h>
#include <gadget/macros.h>
#include <gadget/maps.bpf.h>
#include <gadget/types.h>

#define MAX_STACKS 10240

struct sample_key {
	gadget_pid pid;
	gadget_comm comm[TASK_COMM_LEN];
	gadget_kernel_stack stack_raw;
};

struct sample_count {
	__u64 samples;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_STACKS);
	__type(key, struct sample_key);
	__type(value, struct sample_count);
} samples SEC(".maps");

GADGET_MAPITER(stacks, samples);

SEC("perf_event/sampler")
int on_sample(struct bpf_perf_event_data *ctx)
{
	static const struct sample_count none = {};
	struct sample_key key = {};
	struct sample_count *count;
	long stack;

	if (gadget_should_discard_data_current())
		return 0;
	/* Negative in user space: there is no kernel stack then. */
	stack = gadget_get_kernel_stack(ctx);
	if (stack < 0)
		return 0;
	key.pid = bpf_get_current_pid_tgid() >> 32;
	key.stack_raw = stack;
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	count = bpf_map_lookup_or_try_init(&samples, &key, &none);
	if (count)
		__sync_fetch_and_add(&count->samples, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
