/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Packet filters that the user writes, in the language of tcpdump. Userspace
 * compiles the expression and puts the code in front of the function that
 * GADGET_PF defines; without an expression every packet matches.
 *
 * Include vmlinux.h, or <stdbool.h>, first.
 */
#ifndef __GADGET_PACKETFILTER_H
#define __GADGET_PACKETFILTER_H

#ifndef __VMLINUX_H__
#include <stdbool.h>
#endif

/*
 * GADGET_PF - define a filter
 * @name: name of the parameter "pf-<name>"; empty for the parameter "pf"
 *
 * The function must stay a function with its five arguments: the packet is at
 * data, and the code put in front may use the registers of the others.
 */
#define GADGET_PF(name)                                                       \
	static __attribute__((noinline, used)) bool gadget_pf_##name(         \
		void *_skb, void *__skb, void *___skb, void *data,            \
		void *data_end)                                               \
	{                                                                     \
		return data != data_end && _skb == __skb && __skb == ___skb; \
	}

/* Number of arguments: 1 to 4. */
#define _ARG_N(_1, _2, _3, _4, count, ...) count
#define COUNT_ARGS(...) _ARG_N(__VA_ARGS__, 4, 3, 2, 1, 0)

#define _GADGET_PF_MATCHES_TOO_FEW                                      \
	({                                                              \
		_Static_assert(0, "gadget_pf_matches() takes "          \
				  "[name,] skb, data, data_end");       \
		false;                                                  \
	})
#define _GADGET_PF_MATCHES_1(...) _GADGET_PF_MATCHES_TOO_FEW
#define _GADGET_PF_MATCHES_2(...) _GADGET_PF_MATCHES_TOO_FEW
#define _GADGET_PF_MATCHES_3(skb, data, data_end) \
	gadget_pf_((void *)(skb), (void *)(skb), (void *)(skb), data, data_end)
#define _GADGET_PF_MATCHES_4(name, skb, data, data_end)                    \
	gadget_pf_##name((void *)(skb), (void *)(skb), (void *)(skb), data, \
			 data_end)
#define _GADGET_PF_PASTE(a, b) a##b
#define _GADGET_PF_CHOOSE(count) _GADGET_PF_PASTE(_GADGET_PF_MATCHES_, count)

/*
 * gadget_pf_matches([name,] skb, data, data_end) - does the packet match?
 * @name: as in GADGET_PF; left out if that was empty
 * @skb: context of the program
 * @data: start of the packet
 * @data_end: its end
 */
#define gadget_pf_matches(...) \
	_GADGET_PF_CHOOSE(COUNT_ARGS(__VA_ARGS__))(__VA_ARGS__)

#endif /* __GADGET_PACKETFILTER_H */
