// SPDX-License-Identifier: GPL-2.0
/* gadget/mntns.h, the deprecated name included. */
#include <vmlinux.h>
#include <gadget/mntns.h>

SEC("raw_tracepoint/sys_enter")
int both_names(void *ctx)
{
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
	return gadget_get_current_mntns_id() != gadget_get_mntns_id();
#pragma clang diagnostic pop
}

char _license[] SEC("license") = "GPL";
