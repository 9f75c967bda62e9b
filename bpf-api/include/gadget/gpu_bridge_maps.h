/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Maps that a helper in userspace fills with the state of GPUs. They are
 * pinned by name, so that all gadgets share them. Define what the gadget needs
 * before inclusion:
 *
 *   GPU_BRIDGE_WANT_META                the helper itself, gpu_meta_fresh()
 *   GPU_BRIDGE_WANT_DEVICE              devices
 *   GPU_BRIDGE_WANT_PER_PID             processes, gpu_pid_holder()
 *   GPU_BRIDGE_WANT_PER_PID_PER_DEVICE  processes, by device
 *   GPU_BRIDGE_WANT_ALL                 everything
 *
 * Include vmlinux.h or linux/bpf.h first.
 */
#ifndef __GADGET_GPU_BRIDGE_MAPS_H
#define __GADGET_GPU_BRIDGE_MAPS_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include <gadget/gpu_types.h>

#ifdef GPU_BRIDGE_WANT_ALL
#ifndef GPU_BRIDGE_WANT_META
#define GPU_BRIDGE_WANT_META
#endif
#ifndef GPU_BRIDGE_WANT_DEVICE
#define GPU_BRIDGE_WANT_DEVICE
#endif
#ifndef GPU_BRIDGE_WANT_PER_PID
#define GPU_BRIDGE_WANT_PER_PID
#endif
#ifndef GPU_BRIDGE_WANT_PER_PID_PER_DEVICE
#define GPU_BRIDGE_WANT_PER_PID_PER_DEVICE
#endif
#endif

#ifdef GPU_BRIDGE_WANT_META
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gpu_meta);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} gpu_meta SEC(".maps");

/*
 * gpu_meta_fresh - state of the helper, if it is alive
 * @now_boot_ns: bpf_ktime_get_boot_ns()
 * @stale_threshold_ms: greatest age of its last update
 *
 * Returns NULL if the maps are out of date.
 */
static __always_inline struct gpu_meta *
gpu_meta_fresh(__u64 now_boot_ns, __u64 stale_threshold_ms)
{
	struct gpu_meta *meta;
	__u32 zero = 0;

	meta = bpf_map_lookup_elem(&gpu_meta, &zero);
	if (!meta)
		return NULL;
	if (now_boot_ns - meta->last_update_boottime_ns >
	    stale_threshold_ms * 1000000ULL)
		return NULL;
	return meta;
}
#endif

#ifdef GPU_BRIDGE_WANT_DEVICE
/* Key: index of the device. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GPU_MAX_DEVICES);
	__type(key, __u32);
	__type(value, struct gpu_device_metrics);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} gpu_device SEC(".maps");
#endif

#ifdef GPU_BRIDGE_WANT_PER_PID
/* Key: process id. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct gpu_pid_metrics_aggregated);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} gpu_per_pid SEC(".maps");

/*
 * gpu_pid_holder - use of GPUs by a process
 * @min_gpu_mem_bytes: least GPU memory that makes it a holder
 *
 * Returns NULL if the process holds less.
 */
static __always_inline struct gpu_pid_metrics_aggregated *
gpu_pid_holder(__u32 tgid, __u64 min_gpu_mem_bytes)
{
	struct gpu_pid_metrics_aggregated *metrics;

	metrics = bpf_map_lookup_elem(&gpu_per_pid, &tgid);
	if (!metrics || metrics->used_gpu_memory_total < min_gpu_mem_bytes)
		return NULL;
	return metrics;
}
#endif

#ifdef GPU_BRIDGE_WANT_PER_PID_PER_DEVICE
/* Key: process id << 32 | index of the device. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct gpu_pid_metrics);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} gpu_per_pid_per_device SEC(".maps");
#endif

#endif /* __GADGET_GPU_BRIDGE_MAPS_H */
