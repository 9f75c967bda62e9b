// SPDX-License-Identifier: GPL-2.0
/*
 * gadget/fnv1a.h, against published values. The program can be run by
 * BPF_PROG_TEST_RUN: it returns 0 or the line of the check that failed.
 */
#include <vmlinux.h>
#include <gadget/fnv1a.h>

_Static_assert(FNV1_32_PRIME == 16777619 && FNV1_32_INIT == 2166136261, "32 bits");
_Static_assert(FNV1_64_PRIME == 1099511628211 && FNV1_64_INIT == 14695981039346656037ULL, "64 bits");

/* Read from memory, so that the program calculates and not the compiler. */
volatile u8 letter_a = 'a';
/* The text "foobar", as numbers whose lowest byte is the first letter. */
volatile u32 foob = 0x626f6f66;
volatile u16 ar = 0x7261;
volatile u64 eight_zeroes = 0;

SEC("socket")
int check(struct __sk_buff *skb)
{
	u32 hash32 = fnv_32a_init();
	u64 hash64 = fnv_64a_init();
	u32 by_bytes32;
	u64 by_bytes64;

	fnv_32a_update_u8(&hash32, letter_a);
	if (hash32 != 0xe40c292c)
		return __LINE__;
	fnv_64a_update_u8(&hash64, letter_a);
	if (hash64 != 0xaf63dc4c8601ec8c)
		return __LINE__;

	hash32 = fnv_32a_init();
	fnv_32a_update_u32(&hash32, foob);
	fnv_32a_update_u16(&hash32, ar);
	if (hash32 != 0xbf9cf968)
		return __LINE__;
	hash64 = fnv_64a_init();
	fnv_64a_update_u32(&hash64, foob);
	fnv_64a_update_u16(&hash64, ar);
	if (hash64 != 0x85944171f73967e8)
		return __LINE__;

	by_bytes32 = hash32;
	by_bytes64 = hash64;
	for (int i = 0; i < 8; i++) {
		fnv_32a_update_u8(&by_bytes32, 0);
		fnv_64a_update_u8(&by_bytes64, 0);
	}
	fnv_32a_update_u64(&hash32, eight_zeroes);
	if (hash32 != by_bytes32)
		return __LINE__;
	fnv_64a_update_u64(&hash64, eight_zeroes);
	if (hash64 != by_bytes64)
		return __LINE__;
	return 0;
}

char _license[] SEC("license") = "GPL";
