// SPDX-License-Identifier: GPL-2.0
/* gadget/mntns_filter.h. */
#include <vmlinux.h>
#include <gadget/mntns_filter.h>

SEC("raw_tracepoint/sys_enter")
int filter(void *ctx)
{
	return gadget_filter_by_mntns && gadget_should_discard_mntns_id(4026531841ULL);
}

SEC("raw_tracepoint/sys_exit")
int by_name(void *ctx)
{
	gadget_mntns_id id = 4026531841ULL;

	return bpf_map_lookup_elem(&gadget_mntns_filter_map, &id) != NULL;
}

char _license[] SEC("license") = "GPL";
