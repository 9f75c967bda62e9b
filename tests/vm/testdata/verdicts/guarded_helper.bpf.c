// SPDX-License-Identifier: GPL-2.0
/* The same, with a question before. */
#include "verdict.bpf.h"

SEC("raw_tp/sched_process_exit")
int on_exit(void *ctx)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_tai_ns))
		return report(bpf_ktime_get_tai_ns());
	return report(bpf_ktime_get_boot_ns());
}

char LICENSE[] SEC("license") = "GPL";
