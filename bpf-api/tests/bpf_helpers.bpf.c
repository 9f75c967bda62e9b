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
extern void bpf_rcu_read_unlock(void) __ksym __weak;
extern void bpf_no_such_function(void) __ksym __weak;

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

/* For definitions of maps that need 64 bits, which libbpf 1.1 cannot read: here it is compiled. */
struct {
	__ulong(map_extra, 1ULL << 44);
} wide;
_Static_assert(sizeof(wide.map_extra) == 8, "size");

__u64 sum;

/* The offset is that of the running kernel, not of vmlinux.h. */
SEC("raw_tracepoint/sys_enter")
int offsets(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct list_head *tasks = (void *)task + offsetof(struct task_struct, tasks);

	if (likely(container_of(tasks, struct task_struct, tasks) == task))
		sum++;
	if (unlikely(sum == 1000))
		sum++;
	return 0;
}

/* A kernel function that is missing is no error as long as it is not called. */
SEC("socket")
int check(struct __sk_buff *skb)
{
	return bpf_ksym_exists(bpf_no_such_function) ? __LINE__ : 0;
}

/* Prints to the stream of the program where the kernel has streams. */
extern int bpf_stream_vprintk(int stream_id, const char *fmt, const void *args, __u32 size) __ksym __weak;

SEC("raw_tracepoint/sys_exit")
int stream(void *ctx)
{
	if (bpf_ksym_exists(bpf_stream_vprintk))
		bpf_stream_printk(1, "%d of %s", 1, "two");
	return 0;
}

char _license[] SEC("license") = "GPL";
