// SPDX-License-Identifier: GPL-2.0
/* arm64 has no system call 'open'. */
#include "verdict.bpf.h"

SEC("tracepoint/syscalls/sys_enter_open")
int on_open(void *ctx)
{
	return report(1);
}

char LICENSE[] SEC("license") = "GPL";
