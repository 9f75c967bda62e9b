// SPDX-License-Identifier: GPL-2.0
/* What our bpf/bpf_helpers.h adds. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

struct held {
	struct task_struct __kptr *owned;
	struct task_struct __kptr_untrusted *borrowed;
};

struct per_cpu_held {
	struct task_struct __percpu_kptr *each;
	struct task_struct __uptr *mapped;
};

struct held held_type;
struct per_cpu_held per_cpu_held_type;

extern void bpf_rcu_read_lock(void) __ksym __weak;

__weak int tagged(void *ctx __arg_ctx, __u64 *value __arg_nonnull, __u64 *other __arg_nullable)
{
	return value && *value && other && *other;
}

__weak int trusted(struct task_struct *task __arg_trusted, void *raw __arg_untrusted)
{
	return task && raw;
}

__weak int arena(void *memory __arg_arena)
{
	return memory != NULL;
}

__u64 sum;

SEC("raw_tracepoint/sys_enter")
int loops(void *ctx)
{
	int i, *next;

	bpf_for(i, 0, 100) {
		if (i == 50)
			continue;
		sum += i;
	}
	bpf_repeat(10) {
		sum++;
		if (sum > 1000000)
			break;
	}
	bpf_for_each(num, next, 5, 8)
		sum += *next;
	/* Two loops, one in the other. */
	bpf_for(i, 0, 3) {
		int j;

		bpf_for(j, 0, 3)
			sum += j;
	}
	return bpf_ksym_exists(bpf_rcu_read_lock);
}

char _license[] SEC("license") = "GPL";
