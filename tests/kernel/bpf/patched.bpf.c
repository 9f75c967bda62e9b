// SPDX-License-Identifier: GPL-2.0
// Calls two functions that no kernel has: refused unless both calls are patched away.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __u64 (*const first_missing)(void) = (void *)100001;
static __u64 (*const second_missing)(void) = (void *)100002;

SEC("socket")
int on_patched(struct __sk_buff *skb)
{
	return first_missing() != 0 && second_missing() != 0;
}

char LICENSE[] SEC("license") = "GPL";
