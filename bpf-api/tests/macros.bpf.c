// SPDX-License-Identifier: GPL-2.0
/* Every marker of gadget/macros.h, with a header that is alone. */
#include <vmlinux.h>
#include <gadget/macros.h>

struct event {
	__u32 value;
};

struct other_event {
	__u32 value;
};

const volatile __u32 threshold = 0;

GADGET_TRACER(opens, events, event);
GADGET_PARAM(threshold);
GADGET_ITER(one, event, prog_a);
GADGET_ITER(two, event, prog_a, prog_b);
GADGET_ITER(three, event, prog_a, prog_b, prog_c);
GADGET_SNAPSHOTTER(old, other_event, prog_a);
GADGET_MAPITER(counts, counts_map);
GADGET_ITER_TARGET_MAP(prog_a, counts_map);
GADGET_SK_TARGET_MAP(prog_b, sockets);

/* Naming them is the test: a marker of another name does not compile. */
#define IS_MARKER(name) \
	_Static_assert(__builtin_types_compatible_p(__typeof__(name), const void *), #name)

IS_MARKER(gadget_tracer_opens___events___event);
IS_MARKER(gadget_param_threshold);
IS_MARKER(gadget_iter_one___event___prog_a);
IS_MARKER(gadget_iter_two___event___prog_a___prog_b);
IS_MARKER(gadget_iter_three___event___prog_a___prog_b___prog_c);
IS_MARKER(gadget_iter_old___other_event___prog_a);
IS_MARKER(gadget_mapiter_counts___counts_map);
IS_MARKER(gadget_mapelem_iter_target_prog_a___counts_map);
IS_MARKER(gadget_sk_prog_target_prog_b___sockets);

#define IS_POINTER_TO(tag, name)                                                           \
	_Static_assert(__builtin_types_compatible_p(__typeof__(name), const struct tag *), \
		       #name)

IS_POINTER_TO(event, __gadget_tracer_type_opens);
IS_POINTER_TO(event, unusedevent_one___event);
IS_POINTER_TO(event, unusedevent_three___event);
IS_POINTER_TO(other_event, unusedevent_old___other_event);

_Static_assert(__VA_NARGS(a, b, c) == 3, "number of arguments");

__attribute__((section("raw_tracepoint/sys_enter"))) int use_param(void *ctx)
{
	return threshold != 0;
}
