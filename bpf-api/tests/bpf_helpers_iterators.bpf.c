// SPDX-License-Identifier: GPL-2.0
/*
 * The loops of our bpf/bpf_helpers.h, for Linux 6.4 and newer. The program named
 * check can be run by BPF_PROG_TEST_RUN: it returns 0 or the line of the check
 * that failed.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

SEC("raw_tracepoint/sys_enter")
int with_other_names(void *ctx)
{
	struct bpf_iter_num it;
	int *next, last = 0;

	bpf_iter_num_new(&it, 0, 3);
	while ((next = bpf_iter_num_next(&it)))
		last = *next;
	bpf_iter_num_destroy(&it);
	return last;
}

SEC("socket")
int check(struct __sk_buff *skb)
{
	__u64 sum = 0;
	int i, *next;

	bpf_for(i, 0, 100) {
		if (i == 50)
			continue;
		sum += i;
	}
	if (sum != 4900)
		return __LINE__;
	sum = 0;
	bpf_repeat(10) {
		sum++;
		if (sum == 7)
			break;
	}
	if (sum != 7)
		return __LINE__;
	sum = 0;
	bpf_for_each(num, next, 5, 8)
		sum += *next;
	if (sum != 18)
		return __LINE__;
	/* Two loops, one in the other. */
	sum = 0;
	bpf_for(i, 0, 3) {
		int j;

		bpf_for(j, 0, 3)
			sum += j;
	}
	return sum == 9 ? 0 : __LINE__;
}

char _license[] SEC("license") = "GPL";
