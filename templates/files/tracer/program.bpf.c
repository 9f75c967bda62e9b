// SPDX-License-Identifier: GPL-2.0
/* Reports programs that start. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include <gadget/buffer.h>
#include <gadget/common.h>
#include <gadget/filter.h>
#include <gadget/macros.h>
#include <gadget/types.h>

#define PATH_SIZE 256

/* One event. Each member is a field of the data source; gadget.yaml describes them. */
struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;
	char path[PATH_SIZE];
};

/* Where events are written to, and the data source that they belong to: name, map, struct. */
GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(@name@, events, event);

/* A parameter: 'gadget run ... --ignore_root'. */
const volatile bool ignore_root = false;
GADGET_PARAM(ignore_root);

SEC("tracepoint/sched/sched_process_exec")
int @name@_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	struct event *event;

	/* --pid, --uid, --comm and the like, which every gadget has. */
	if (gadget_should_discard_data_current())
		return 0;
	if (ignore_root && (__u32)bpf_get_current_uid_gid() == 0)
		return 0;

	event = gadget_reserve_buf(&events, sizeof(*event));
	if (!event)
		return 0;

	event->timestamp_raw = bpf_ktime_get_boot_ns();
	gadget_process_populate(&event->proc);
	/* The low half is the offset of the text in the record. */
	if (bpf_probe_read_kernel_str(event->path, sizeof(event->path),
				      (void *)ctx +
					      (ctx->__data_loc_filename & 0xffff)) < 0)
		event->path[0] = '\0';

	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

char _license[] SEC("license") = "GPL";
