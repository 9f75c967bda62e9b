// SPDX-License-Identifier: GPL-2.0
/* arm64 has no direct calls of ftrace before Linux 6.4. */
#include "verdict.bpf.h"

SEC("fentry/vfs_statx")
int on_stat(__u64 *ctx)
{
	return report(ctx[0]);
}

char LICENSE[] SEC("license") = "GPL";
