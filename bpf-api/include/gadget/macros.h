/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Markers: how an eBPF object tells userspace what it offers.
 *
 * A marker is a global variable that no code uses. Its name carries the
 * information, its parts joined by three underscores, and BTF keeps the name.
 * The parts themselves must therefore not contain "___". Write a marker at
 * file scope and end it with a semicolon.
 */
#ifndef __GADGET_MACROS_H
#define __GADGET_MACROS_H

/* Reserved helper names; a libc header may have brought __CONCAT already. */
#ifndef __CONCAT
#define __CONCAT(a, b) a##b
#endif
#define __GADGET_EXPAND_CONCAT(a, b) __CONCAT(a, b)

/* Number of arguments: 1 to 5. */
#define __VA_NARGS_PICK(_1, _2, _3, _4, _5, count, ...) count
#define __VA_NARGS(...) __VA_NARGS_PICK(__VA_ARGS__, 5, 4, 3, 2, 1, 0)

#define __GADGET_MARKER(name) const void *name __attribute__((unused))

/* Never read: a pointer to the struct makes the compiler keep its BTF. */
#define __GADGET_KEEP_TYPE(var, tag) \
	const struct tag *var __attribute__((unused))

/*
 * GADGET_TRACER - a data source of events read from a buffer
 * @name: name of the data source
 * @map_name: map declared with GADGET_TRACER_MAP, or a perf event array
 * @event_type: tag of the event's struct, without the word "struct"
 */
#define GADGET_TRACER(name, map_name, event_type)                             \
	__GADGET_MARKER(gadget_tracer_##name##___##map_name##___##event_type); \
	__GADGET_KEEP_TYPE(__gadget_tracer_type_##name, event_type)

/*
 * GADGET_PARAM - make a global variable a parameter that users can set
 * @name: an existing "const volatile" global variable
 */
#define GADGET_PARAM(name) __GADGET_MARKER(gadget_param_##name)

#define __GADGET_ITER_3(name, type, prog1)                  \
	__GADGET_KEEP_TYPE(unusedevent_##name##___##type, type); \
	__GADGET_MARKER(gadget_iter_##name##___##type##___##prog1)
#define __GADGET_ITER_4(name, type, prog1, prog2)           \
	__GADGET_KEEP_TYPE(unusedevent_##name##___##type, type); \
	__GADGET_MARKER(gadget_iter_##name##___##type##___##prog1##___##prog2)
#define __GADGET_ITER_5(name, type, prog1, prog2, prog3)    \
	__GADGET_KEEP_TYPE(unusedevent_##name##___##type, type); \
	__GADGET_MARKER(                                          \
		gadget_iter_##name##___##type##___##prog1##___##prog2##___##prog3)

/*
 * GADGET_ITER - a data source filled by one to three iterator programs
 * @name: name of the data source
 * @type: tag of the struct that the programs write
 * @prog1: C name of an iterator program; a second and a third may follow
 */
#define GADGET_ITER(...)                                                \
	__GADGET_EXPAND_CONCAT(__GADGET_ITER_, __VA_NARGS(__VA_ARGS__)) \
	(__VA_ARGS__)

/* Deprecated spelling of GADGET_ITER. */
#define GADGET_SNAPSHOTTER(...) GADGET_ITER(__VA_ARGS__)

/*
 * GADGET_MAPITER - a data source read from the entries of a hash map
 * @name: name of the data source
 * @mapname: hash map whose key and value are structs
 */
#define GADGET_MAPITER(name, mapname) \
	__GADGET_MARKER(gadget_mapiter_##name##___##mapname)

/*
 * GADGET_ITER_TARGET_MAP - the map that an "iter/bpf_map_elem" program walks
 * @prog_name: C name of the program
 * @mapname: the map
 */
#define GADGET_ITER_TARGET_MAP(prog_name, mapname) \
	__GADGET_MARKER(gadget_mapelem_iter_target_##prog_name##___##mapname)

/*
 * GADGET_SK_TARGET_MAP - the map that an sk_skb or sk_msg program attaches to
 * @prog_name: C name of the program
 * @mapname: a sockmap or sockhash
 */
#define GADGET_SK_TARGET_MAP(prog_name, mapname) \
	__GADGET_MARKER(gadget_sk_prog_target_##prog_name##___##mapname)

#endif /* __GADGET_MACROS_H */
