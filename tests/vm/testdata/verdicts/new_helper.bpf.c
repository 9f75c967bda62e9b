// SPDX-License-Identifier: GPL-2.0
/* bpf_ktime_get_tai_ns() came with Linux 6.1. */
#include "verdict.bpf.h"

SEC("raw_tp/sched_process_exit")
int on_exit(void *ctx)
{
	return report(bpf_ktime_get_tai_ns());
}

char LICENSE[] SEC("license") = "GPL";
