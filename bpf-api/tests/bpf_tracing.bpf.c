// SPDX-License-Identifier: GPL-2.0
/* What our bpf/bpf_tracing.h adds. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

__u64 sum;

SEC("kprobe/six")
int BPF_KPROBE(six, long a, long b, long c, long d, long e, long f)
{
	sum += a + b + c + d + e + f;
	return 0;
}

#if defined(__TARGET_ARCH_arm64)
SEC("kprobe/eight")
int BPF_KPROBE(eight, long a, long b, long c, long d, long e, long f, long g, long h)
{
	sum += a + b + c + d + e + f + g + h;
	sum += PT_REGS_PARM7(ctx) + PT_REGS_PARM8_CORE(ctx) + PT_REGS_PARM7_CORE(ctx) +
	       PT_REGS_PARM8(ctx);
	return 0;
}
#endif

SEC("ksyscall/mmap")
int BPF_KSYSCALL(mmap_enter, void *addr, size_t len, int prot, int flags, int fd, long off)
{
	sum += (__u64)addr + len + prot + flags + fd + off;
	return 0;
}

SEC("uprobe/libc:malloc")
int BPF_UPROBE(malloc_enter, size_t size)
{
	sum += size;
	return 0;
}

SEC("uretprobe/libc:malloc")
int BPF_URETPROBE(malloc_exit, void *address)
{
	sum += (__u64)address;
	return 0;
}

SEC("kprobe/registers")
int registers(struct pt_regs *ctx)
{
	struct pt_regs *regs = PT_REGS_SYSCALL_REGS(ctx);

	sum += PT_REGS_PARM6(ctx) + PT_REGS_PARM6_CORE(ctx) + PT_REGS_PARM6_SYSCALL(ctx) +
	       PT_REGS_PARM6_CORE_SYSCALL(regs);
	return 0;
}

/* Named by no program of these architectures: they have six. */
#if defined(PT_REGS_PARM7_SYSCALL) && defined(PT_REGS_PARM7_CORE_SYSCALL)
__u64 return_address;
#endif

SEC("kprobe/do_unlinkat")
int called_from(struct pt_regs *ctx)
{
	BPF_KPROBE_READ_RET_IP(return_address, ctx);
	return 0;
}

SEC("kretprobe/do_unlinkat")
int returned_to(struct pt_regs *ctx)
{
	BPF_KRETPROBE_READ_RET_IP(return_address, ctx);
	return 0;
}

char _license[] SEC("license") = "GPL";
