// SPDX-License-Identifier: GPL-2.0
/* Each way to send an event of gadget/buffer.h. */
#include <vmlinux.h>
#include <gadget/buffer.h>

_Static_assert(GADGET_MAX_EVENT_SIZE == 10240, "default size");

struct event {
	__u64 value;
};

GADGET_TRACER_MAP(events, 256 * 1024);

SEC("raw_tracepoint/sys_enter")
int reserve(void *ctx)
{
	struct event *event = gadget_reserve_buf(&events, sizeof(*event));

	if (!event)
		return 0;
	event->value = bpf_get_current_pid_tgid();
	if (!event->value)
		gadget_discard_buf(event);
	else
		gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

SEC("raw_tracepoint/sys_exit")
int output(void *ctx)
{
	struct event event = { .value = bpf_get_current_pid_tgid() };

	return gadget_output_buf(ctx, &events, &event, sizeof(event)) != 0;
}

_Static_assert(__builtin_types_compatible_p(__typeof__(gadget_map_tracer_events), const void *),
	       "marker of the map");

char _license[] SEC("license") = "GPL";
