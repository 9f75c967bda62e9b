// SPDX-License-Identifier: GPL-2.0
/* Latency of block devices as histograms, by disk and operation; slow requests as events. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include <gadget/bits.bpf.h>
#include <gadget/buffer.h>
#include <gadget/common.h>
#include <gadget/core_fixes.bpf.h>
#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define SLOTS 27
#define DISK_SIZE 32

struct hist_key {
	__u32 device;
	__u32 operation;
};

struct hist_value {
	gadget_histogram_slot__u32 queued[SLOTS];
	gadget_histogram_slot__u32 served[SLOTS];
	__u64 bytes;
	__u64 requests;
};

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;

	gadget_duration queued_raw;
	gadget_duration served_raw;
	gadget_bytes bytes_raw;
	__u64 sector;
	__u32 device;
	__u32 operation;
	char disk[DISK_SIZE];
};

struct started {
	struct gadget_process proc;
	__u64 inserted;
	__u64 issued;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct request *);
	__type(value, struct started);
} requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct started);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct hist_key);
	__type(value, struct hist_value);
} hists SEC(".maps");

GADGET_MAPITER(blocklatency, hists);
GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(slow, events, event);

const volatile __u64 slow_us = 10000;
const volatile bool per_disk = true;
const volatile __u32 only_device = 0;
GADGET_PARAM(slow_us);
GADGET_PARAM(per_disk);
GADGET_PARAM(only_device);

static struct hist_value empty;

static __always_inline struct gendisk *disk_of(struct request *rq)
{
	return get_disk(rq);
}

static __always_inline __u32 device_of(struct gendisk *disk)
{
	return disk ? BPF_CORE_READ(disk, major) << 20 | BPF_CORE_READ(disk, first_minor) : 0;
}

static __always_inline int remember(struct request *rq, bool issue)
{
	struct started *started, *fresh;
	__u64 now = bpf_ktime_get_ns();
	__u32 zero = 0;

	if (only_device && device_of(disk_of(rq)) != only_device)
		return 0;
	started = bpf_map_lookup_elem(&requests, &rq);
	if (started) {
		if (issue)
			started->issued = now;
		return 0;
	}
	if (gadget_should_discard_data_current())
		return 0;
	fresh = bpf_map_lookup_elem(&scratch, &zero);
	if (!fresh)
		return 0;
	__builtin_memset(fresh, 0, sizeof(*fresh));
	gadget_process_populate(&fresh->proc);
	fresh->inserted = now;
	fresh->issued = issue ? now : 0;
	bpf_map_update_elem(&requests, &rq, fresh, BPF_ANY);
	return 0;
}

SEC("raw_tracepoint/block_rq_insert")
int inserted(struct bpf_raw_tracepoint_args *ctx)
{
	return remember((void *)ctx->args[0], false);
}

SEC("raw_tracepoint/block_rq_issue")
int issued(struct bpf_raw_tracepoint_args *ctx)
{
	return remember((void *)ctx->args[0], true);
}

static __always_inline void add(gadget_histogram_slot__u32 *slots, __u64 us)
{
	__u64 slot = get_slot_idx(us);

	if (slot >= SLOTS)
		slot = SLOTS - 1;
	__sync_fetch_and_add(&slots[slot], 1);
}

static __always_inline void report(void *ctx, struct request *rq, struct started *started, __u64 now,
				   __u32 bytes)
{
	struct event *event = gadget_reserve_buf(&events, sizeof(*event));
	struct gendisk *disk = disk_of(rq);

	if (!event)
		return;
	event->timestamp_raw = bpf_ktime_get_boot_ns();
	event->proc = started->proc;
	event->queued_raw = started->issued - started->inserted;
	event->served_raw = now - started->issued;
	event->bytes_raw = bytes;
	event->sector = BPF_CORE_READ(rq, __sector);
	event->device = device_of(disk);
	event->operation = BPF_CORE_READ(rq, cmd_flags) & 0xff;
	event->disk[0] = '\0';
	if (disk)
		BPF_CORE_READ_STR_INTO(&event->disk, disk, disk_name);
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
}

SEC("raw_tracepoint/block_rq_complete")
int completed(struct bpf_raw_tracepoint_args *ctx)
{
	struct request *rq = (void *)ctx->args[0];
	__u32 bytes = ctx->args[2];
	__u64 now = bpf_ktime_get_ns();
	struct hist_key key = {};
	struct hist_value *value;
	struct started *started;

	started = bpf_map_lookup_elem(&requests, &rq);
	if (!started)
		return 0;
	if (!started->issued)
		started->issued = started->inserted;
	if (per_disk)
		key.device = device_of(disk_of(rq));
	key.operation = BPF_CORE_READ(rq, cmd_flags) & 0xff;
	value = bpf_map_lookup_elem(&hists, &key);
	if (!value) {
		bpf_map_update_elem(&hists, &key, &empty, BPF_NOEXIST);
		value = bpf_map_lookup_elem(&hists, &key);
	}
	if (value) {
		add(value->queued, (started->issued - started->inserted) / 1000);
		add(value->served, (now - started->issued) / 1000);
		__sync_fetch_and_add(&value->bytes, bytes);
		__sync_fetch_and_add(&value->requests, 1);
	}
	if (now - started->issued >= slow_us * 1000)
		report(ctx, rq, started, now, bytes);
	bpf_map_delete_elem(&requests, &rq);
	return 0;
}

char _license[] SEC("license") = "GPL";
