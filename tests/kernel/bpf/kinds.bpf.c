// SPDX-License-Identifier: GPL-2.0
// Kinds of programs that are younger than the rest, or seldom, and cookies. Each counts its runs; those with a cookie
// count at the index that it is.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

const volatile __u32 target_tgid = 0;
const volatile __u64 syscall_number = 0;

static __always_inline void count(__u32 kind)
{
	__u64 *value = bpf_map_lookup_elem(&hits, &kind);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static __always_inline int is_target(void)
{
	return bpf_get_current_pid_tgid() >> 32 == target_tgid;
}

SEC("uprobe.session")
int on_session(void *ctx)
{
	count(0);
	return 0;
}

SEC("kprobe.session/security_task_getpgid")
int on_kernel_session(void *ctx)
{
	if (is_target())
		count(1);
	return 0;
}

SEC("fsession/security_task_getpgid")
int on_trampoline_session(void *ctx)
{
	if (is_target())
		count(2);
	return 0;
}

/* The address that it reads stands in the second argument's register on no machine: what counts is that a program
 * which may sleep can ask. */
SEC("uprobe.s")
int on_sleepable(void *ctx)
{
	__u64 nothing;

	bpf_copy_from_user(&nothing, sizeof(nothing), 0);
	count(3);
	return 0;
}

SEC("uprobe.multi.s")
int on_sleepable_many(void *ctx)
{
	__u64 nothing;

	bpf_copy_from_user(&nothing, sizeof(nothing), 0);
	count(4);
	return 0;
}

SEC("sk_reuseport")
int on_reuseport(struct sk_reuseport_md *ctx)
{
	count(5);
	return SK_DROP;
}

SEC("cgroup/connect_unix")
int on_connect_unix(struct bpf_sock_addr *ctx)
{
	if (is_target())
		count(6);
	return 1;
}

SEC("uprobe")
int on_cookie(void *ctx)
{
	count(bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("uprobe.multi")
int on_cookie_many(void *ctx)
{
	count(bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("raw_tp/sys_enter")
int on_cookie_raw(struct bpf_raw_tracepoint_args *ctx)
{
	if (is_target() && ctx->args[1] == syscall_number)
		count(bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("fentry/security_task_getpgid")
int on_cookie_function(void *ctx)
{
	if (is_target())
		count(bpf_get_attach_cookie(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
