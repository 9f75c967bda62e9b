/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * libbpf's bpf_tracing.h, plus what sources written for a newer libbpf expect:
 * more than five arguments, and names for uprobes.
 */
#ifndef __GADGETKIT_BPF_TRACING_H
#define __GADGETKIT_BPF_TRACING_H

#include <bpf/bpf_helpers.h>
#include_next <bpf/bpf_tracing.h>

/*
 * Registers of the arguments from the sixth on. x86 passes the seventh and
 * eighth of a function on the stack: naming them is a compile error.
 */
#ifndef PT_REGS_PARM6

#if defined(bpf_target_x86)
#define __PT_PARM6_REG r9
#define __PT_PARM6_SYSCALL_REG r9
#elif defined(bpf_target_arm64)
#define __PT_PARM6_REG regs[5]
#define __PT_PARM7_REG regs[6]
#define __PT_PARM8_REG regs[7]
#define __PT_PARM6_SYSCALL_REG regs[5]
#elif defined(bpf_target_riscv)
#define __PT_PARM6_REG a5
#define __PT_PARM7_REG a6
#define __PT_PARM8_REG a7
#define __PT_PARM6_SYSCALL_REG a5
#elif defined(bpf_target_powerpc)
#define __PT_PARM6_REG gpr[8]
#define __PT_PARM7_REG gpr[9]
#define __PT_PARM8_REG gpr[10]
#define __PT_PARM6_SYSCALL_REG gpr[8]
#elif defined(bpf_target_s390)
#define __PT_PARM6_SYSCALL_REG gprs[7]
#endif

#ifndef __PT_PARM6_REG
#define __PT_PARM6_REG __unsupported__
#endif
#ifndef __PT_PARM7_REG
#define __PT_PARM7_REG __unsupported__
#endif
#ifndef __PT_PARM8_REG
#define __PT_PARM8_REG __unsupported__
#endif
#ifndef __PT_PARM6_SYSCALL_REG
#define __PT_PARM6_SYSCALL_REG __unsupported__
#endif
#ifndef __PT_PARM7_SYSCALL_REG
#define __PT_PARM7_SYSCALL_REG __unsupported__
#endif

#ifdef bpf_target_defined
#define __GADGETKIT_REG(x, reg) (__PT_REGS_CAST(x)->reg)
#define __GADGETKIT_REG_CORE(x, reg) BPF_CORE_READ(__PT_REGS_CAST(x), reg)
#else
#define __GADGETKIT_REG(x, reg) ({ _Pragma(__BPF_TARGET_MISSING); 0l; })
#define __GADGETKIT_REG_CORE(x, reg) ({ _Pragma(__BPF_TARGET_MISSING); 0l; })
#endif

#define PT_REGS_PARM6(x) __GADGETKIT_REG(x, __PT_PARM6_REG)
#define PT_REGS_PARM7(x) __GADGETKIT_REG(x, __PT_PARM7_REG)
#define PT_REGS_PARM8(x) __GADGETKIT_REG(x, __PT_PARM8_REG)

#define PT_REGS_PARM6_CORE(x) __GADGETKIT_REG_CORE(x, __PT_PARM6_REG)
#define PT_REGS_PARM7_CORE(x) __GADGETKIT_REG_CORE(x, __PT_PARM7_REG)
#define PT_REGS_PARM8_CORE(x) __GADGETKIT_REG_CORE(x, __PT_PARM8_REG)

#define PT_REGS_PARM6_SYSCALL(x) __GADGETKIT_REG(x, __PT_PARM6_SYSCALL_REG)
#define PT_REGS_PARM6_CORE_SYSCALL(x) \
	__GADGETKIT_REG_CORE(x, __PT_PARM6_SYSCALL_REG)
#define PT_REGS_PARM7_SYSCALL(x) __GADGETKIT_REG(x, __PT_PARM7_SYSCALL_REG)
#define PT_REGS_PARM7_CORE_SYSCALL(x) \
	__GADGETKIT_REG_CORE(x, __PT_PARM7_SYSCALL_REG)

#endif /* PT_REGS_PARM6 */

/* The registers of system calls by number, where libbpf 1.1 has no names. */
#ifndef __PT_PARM1_SYSCALL_REG
#if defined(bpf_target_x86)
#define __PT_PARM1_SYSCALL_REG __PT_PARM1_REG
#define __PT_PARM4_SYSCALL_REG r10
#elif defined(bpf_target_arm64)
#define __PT_PARM1_SYSCALL_REG orig_x0
#define __PT_PARM4_SYSCALL_REG __PT_PARM4_REG
#endif
#define __PT_PARM2_SYSCALL_REG __PT_PARM2_REG
#define __PT_PARM3_SYSCALL_REG __PT_PARM3_REG
#define __PT_PARM5_SYSCALL_REG __PT_PARM5_REG
#endif

/* arm64 has the return address of a function in a register. */
#if defined(bpf_target_arm64)
#undef BPF_KPROBE_READ_RET_IP
#define BPF_KPROBE_READ_RET_IP(ip, ctx) ({ (ip) = PT_REGS_RET(ctx); })
#undef BPF_KRETPROBE_READ_RET_IP
#define BPF_KRETPROBE_READ_RET_IP BPF_KPROBE_READ_RET_IP
#endif

/* Where system calls are wrapped, their registers are the first argument. */
#ifndef PT_REGS_SYSCALL_REGS
#define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))
#endif

/* BPF_KPROBE and BPF_KSYSCALL find these by the number of their arguments. */
#ifndef ___bpf_kprobe_args6
#define ___bpf_kprobe_args6(x, args...) \
	___bpf_kprobe_args5(args), (void *)PT_REGS_PARM6(ctx)
#define ___bpf_kprobe_args7(x, args...) \
	___bpf_kprobe_args6(args), (void *)PT_REGS_PARM7(ctx)
#define ___bpf_kprobe_args8(x, args...) \
	___bpf_kprobe_args7(args), (void *)PT_REGS_PARM8(ctx)
#endif
#ifndef ___bpf_syscall_args6
#define ___bpf_syscall_args6(x, args...) \
	___bpf_syscall_args5(args), (void *)PT_REGS_PARM6_SYSCALL(regs)
#endif
#ifndef ___bpf_syswrap_args6
#define ___bpf_syswrap_args6(x, args...) \
	___bpf_syswrap_args5(args), (void *)PT_REGS_PARM6_CORE_SYSCALL(regs)
#endif
#ifndef ___bpf_syscall_args7
#define ___bpf_syscall_args7(x, args...) \
	___bpf_syscall_args6(args), (void *)PT_REGS_PARM7_SYSCALL(regs)
#endif
#ifndef ___bpf_syswrap_args7
#define ___bpf_syswrap_args7(x, args...) \
	___bpf_syswrap_args6(args), (void *)PT_REGS_PARM7_CORE_SYSCALL(regs)
#endif

/* For the kernel a uprobe is a kprobe in other code. */
#ifndef BPF_UPROBE
#define BPF_UPROBE(name, args...) BPF_KPROBE(name, ##args)
#endif
#ifndef BPF_URETPROBE
#define BPF_URETPROBE(name, args...) BPF_KRETPROBE(name, ##args)
#endif

#endif /* __GADGETKIT_BPF_TRACING_H */
