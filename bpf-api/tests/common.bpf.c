// SPDX-License-Identifier: GPL-2.0
/* gadget/common.h brings vmlinux.h itself. */
#include <gadget/common.h>

struct gadget_process last;

SEC("raw_tracepoint/sys_enter")
int populate(void *ctx)
{
	struct gadget_process p = {};

	gadget_process_populate(&p);
	last = p;
	return 0;
}

char _license[] SEC("license") = "GPL";
