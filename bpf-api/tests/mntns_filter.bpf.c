// SPDX-License-Identifier: GPL-2.0
/* gadget/mntns_filter.h. */
#include <vmlinux.h>
#include <gadget/mntns_filter.h>

SEC("raw_tracepoint/sys_enter")
int filter(void *ctx)
{
	return gadget_filter_by_mntns && gadget_should_discard_mntns_id(4026531841ULL);
}

char _license[] SEC("license") = "GPL";
