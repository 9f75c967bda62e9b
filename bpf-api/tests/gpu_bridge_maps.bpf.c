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

/* GPU_BRIDGE_WANT_ALL is all of them. */
#if !defined(GPU_BRIDGE_WANT_META) || !defined(GPU_BRIDGE_WANT_DEVICE) || \
	!defined(GPU_BRIDGE_WANT_PER_PID) || !defined(GPU_BRIDGE_WANT_PER_PID_PER_DEVICE)
#error "GPU_BRIDGE_WANT_ALL leaves something out"
#endif

SEC("raw_tracepoint/sys_exit")
int look_up_by_name(void *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&gpu_meta, &key) && bpf_map_lookup_elem(&gpu_per_pid, &key);
}

char _license[] SEC("license") = "GPL";
