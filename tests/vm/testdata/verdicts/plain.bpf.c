// SPDX-License-Identifier: GPL-2.0
/* Every kernel runs it. */
#include "verdict.bpf.h"

SEC("raw_tp/sched_process_exit")
int on_exit(void *ctx)
{
	return report(bpf_ktime_get_ns());
}

char LICENSE[] SEC("license") = "GPL";
