// SPDX-License-Identifier: GPL-2.0
/* The layout of the types of gadget/gpu_types.h, which stands alone. */
#include <gadget/gpu_types.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), "size of " #type)
#define AT(type, member, offset) \
	_Static_assert(__builtin_offsetof(type, member) == (offset), #type "." #member)

_Static_assert(GPU_SCHEMA_VERSION == 1, "version");
_Static_assert(GPU_MAX_DEVICES == 16, "devices");
_Static_assert(GPU_DEVICE_PRIMARY_MULTI == 0xFF, "several devices");

SIZE(struct gpu_meta, 32);
AT(struct gpu_meta, schema_version, 0);
AT(struct gpu_meta, n_devices, 4);
AT(struct gpu_meta, last_update_boottime_ns, 8);
AT(struct gpu_meta, helper_pid, 16);
AT(struct gpu_meta, clock_offset_ns, 24);

SIZE(struct gpu_device_metrics, 128);
AT(struct gpu_device_metrics, timestamp_ns, 0);
AT(struct gpu_device_metrics, sm_util_pct, 8);
AT(struct gpu_device_metrics, mem_util_pct, 12);
AT(struct gpu_device_metrics, mem_total, 16);
AT(struct gpu_device_metrics, mem_used, 24);
AT(struct gpu_device_metrics, mem_reserved, 32);
AT(struct gpu_device_metrics, temp_c, 40);
AT(struct gpu_device_metrics, power_mw, 44);
AT(struct gpu_device_metrics, sm_clock_mhz, 48);
AT(struct gpu_device_metrics, mem_clock_mhz, 52);
AT(struct gpu_device_metrics, throttle_reasons, 56);
AT(struct gpu_device_metrics, pcie_tx_kbps, 64);
AT(struct gpu_device_metrics, pcie_rx_kbps, 72);
AT(struct gpu_device_metrics, enc_util_pct, 80);
AT(struct gpu_device_metrics, dec_util_pct, 84);
AT(struct gpu_device_metrics, nvlink_tx_kbps, 88);
AT(struct gpu_device_metrics, nvlink_rx_kbps, 96);
AT(struct gpu_device_metrics, ecc_corrected_total, 104);
AT(struct gpu_device_metrics, ecc_uncorrected_total, 112);
AT(struct gpu_device_metrics, fan_speed_pct, 120);
AT(struct gpu_device_metrics, compute_mode, 124);

SIZE(struct gpu_pid_metrics, 40);
AT(struct gpu_pid_metrics, timestamp_ns, 0);
AT(struct gpu_pid_metrics, used_gpu_memory, 8);
AT(struct gpu_pid_metrics, sm_util_pct, 16);
AT(struct gpu_pid_metrics, mem_util_pct, 20);
AT(struct gpu_pid_metrics, enc_util_pct, 24);
AT(struct gpu_pid_metrics, dec_util_pct, 28);
AT(struct gpu_pid_metrics, gpu_device, 32);
AT(struct gpu_pid_metrics, mig_instance, 33);

SIZE(struct gpu_pid_metrics_aggregated, 32);
AT(struct gpu_pid_metrics_aggregated, timestamp_ns, 0);
AT(struct gpu_pid_metrics_aggregated, used_gpu_memory_total, 8);
AT(struct gpu_pid_metrics_aggregated, sm_util_pct_max, 16);
AT(struct gpu_pid_metrics_aggregated, mem_util_pct_max, 20);
AT(struct gpu_pid_metrics_aggregated, gpu_device_primary, 24);
AT(struct gpu_pid_metrics_aggregated, device_count, 25);

int gpu_types_compile;
