// SPDX-License-Identifier: GPL-2.0
/* A pointer has no number of slots. */
#include <vmlinux.h>
#include <gadget/histogram.h>

gadget_histogram_slot__u32 *slots;

SEC("socket")
int pointer(struct __sk_buff *skb)
{
	gadget_histogram_add(slots, skb->len);
	return 0;
}
