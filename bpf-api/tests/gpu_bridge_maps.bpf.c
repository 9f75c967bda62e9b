// SPDX-License-Identifier: GPL-2.0
/* All maps and functions of gadget/gpu_bridge_maps.h. */
#include <vmlinux.h>
#define GPU_BRIDGE_WANT_ALL
#include <gadget/gpu_bridge_maps.h>

SEC("raw_tracepoint/sys_enter")
int look_up(void *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, device = 0;
	__u64 pid_and_device = (__u64)tgid << 32 | device;

	if (!gpu_meta_fresh(bpf_ktime_get_boot_ns(), 1000))
		return 0;
	return gpu_pid_holder(tgid, 1) && bpf_map_lookup_elem(&gpu_device, &device) &&
	       bpf_map_lookup_elem(&gpu_per_pid_per_device, &pid_and_device);
}

char _license[] SEC("license") = "GPL";
