// SPDX-License-Identifier: GPL-2.0
/*
 * gadget/typed_maps.h. The programs named check can be run by
 * BPF_PROG_TEST_RUN: they return 0 or the line of the check that failed.
 */
#include <vmlinux.h>
#include <gadget/typed_maps.h>

struct start {
	__u64 at;
	__u32 cpu;
};

struct large {
	char text[4096];
};

GADGET_HASH_MAP(starts, __u32, struct start, 2);
GADGET_LRU_HASH_MAP(recent, __u64, __u64, 16);
GADGET_PERCPU_HASH_MAP(by_cpu, __u32, __u64, 16);
GADGET_ARRAY_MAP(totals, __u64, 4);
GADGET_PERCPU_ARRAY_MAP(cpu_totals, __u64, 4);
GADGET_SCRATCH(scratch, struct large);

/* They are what the map says. */
_Static_assert(__builtin_types_compatible_p(__typeof__(starts_lookup),
					    struct start *(const __u32 *)),
	       "types of key and value");

SEC("socket")
int check_hash(struct __sk_buff *skb)
{
	struct start first = { .at = 1, .cpu = 2 }, second = { .at = 3 }, *found;
	__u32 one = 1, two = 2, three = 3;

	starts_delete(&one);
	starts_delete(&two);
	if (starts_lookup(&one) || starts_replace(&one, &first) != -2 /* ENOENT */)
		return __LINE__;
	if (starts_insert(&one, &first) || starts_insert(&one, &second) != -17 /* EEXIST */)
		return __LINE__;
	found = starts_lookup(&one);
	if (!found || found->at != 1 || found->cpu != 2)
		return __LINE__;
	if (starts_replace(&one, &second) || starts_update(&two, &first))
		return __LINE__;
	found = starts_lookup_or_init(&one, &first);
	if (!found || found->at != 3)
		return __LINE__;
	/* There is room for two. */
	if (starts_lookup_or_init(&three, &first))
		return __LINE__;
	if (starts_delete(&one) || starts_delete(&one) != -2)
		return __LINE__;
	found = starts_lookup_or_init(&three, &first);
	if (!found || found->at != 1)
		return __LINE__;
	return starts_delete(&three) ? __LINE__ : 0;
}

SEC("socket")
int check_others(struct __sk_buff *skb)
{
	__u64 key = 7, value = 42, *found;
	__u32 index = 3, beyond = 4;

	if (recent_update(&key, &value) || by_cpu_update(&index, &value))
		return __LINE__;
	found = recent_lookup(&key);
	if (!found || *found != 42)
		return __LINE__;
	found = by_cpu_lookup(&index);
	if (!found || *found != 42)
		return __LINE__;
	if (totals_update(&index, &value) || cpu_totals_update(&index, &value))
		return __LINE__;
	found = totals_lookup(&index);
	if (!found || *found != 42 || totals_lookup(&beyond))
		return __LINE__;
	found = cpu_totals_lookup(&index);
	if (!found || *found != 42)
		return __LINE__;
	return 0;
}

SEC("socket")
int check_scratch(struct __sk_buff *skb)
{
	struct large *memory = scratch_get();

	if (!memory)
		return __LINE__;
	memory->text[4095] = 'x';
	memory = scratch_get();
	return memory && memory->text[4095] == 'x' ? 0 : __LINE__;
}

char _license[] SEC("license") = "GPL";
