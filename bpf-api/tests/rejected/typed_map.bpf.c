// SPDX-License-Identifier: GPL-2.0
/* A pointer that is not to a key. */
#include <vmlinux.h>
#include <gadget/typed_maps.h>

GADGET_HASH_MAP(starts, __u32, __u64, 16);

SEC("socket")
int wrong_key(struct __sk_buff *skb)
{
	__u64 key = 1;

	return starts_lookup(&key) != NULL;
}
