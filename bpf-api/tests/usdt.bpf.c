// SPDX-License-Identifier: GPL-2.0
/*
 * gadget/usdt.h. The programs named check can be run by BPF_PROG_TEST_RUN: they
 * return 0 or the line of the check that failed.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <gadget/usdt.h>

_Static_assert(sizeof(enum gadget_usdt_kind) == 4, "an ordinary one");
_Static_assert(sizeof(struct gadget_usdt_arg) == 16, "size");

#if defined(__TARGET_ARCH_x86)
const volatile char description[64] = "-4@%r13d 8@-16(%rbp) -2@8(%rax,%r9,4) 1@$-7 8@%xmm0";
#define FIRST_REG __builtin_offsetof(struct pt_regs, r13)
#define BASE_REG __builtin_offsetof(struct pt_regs, bp)
#define INDEX_REG __builtin_offsetof(struct pt_regs, r9)
#define INDEXED_REG __builtin_offsetof(struct pt_regs, ax)
#define INDEX_SHIFT 2
#define INDEX_VALUE 8
#elif defined(__TARGET_ARCH_arm64)
const volatile char description[64] = "-4@w13 8@[x29, -16] -2@[x0, x9, lsl #2] 1@-7 8@d0";
#define FIRST_REG (__builtin_offsetof(struct pt_regs, regs) + 13 * 8)
#define BASE_REG (__builtin_offsetof(struct pt_regs, regs) + 29 * 8)
#define INDEX_REG (__builtin_offsetof(struct pt_regs, regs) + 9 * 8)
#define INDEXED_REG __builtin_offsetof(struct pt_regs, regs)
#define INDEX_SHIFT 2
#define INDEX_VALUE 0
#endif

GADGET_USDT_ARGS(request, 64);

SEC("socket")
int check_registers(struct __sk_buff *skb)
{
	struct gadget_usdt_arg arg;

	if (gadget_usdt_parse(description, sizeof(description), 0, &arg))
		return __LINE__;
	if (arg.kind != GADGET_USDT_REGISTER || arg.size != -4 || arg.reg != FIRST_REG)
		return __LINE__;
	if (gadget_usdt_parse(description, sizeof(description), 1, &arg))
		return __LINE__;
	if (arg.kind != GADGET_USDT_MEMORY || arg.size != 8 || arg.reg != BASE_REG ||
	    arg.value != -16)
		return __LINE__;
	return 0;
}

SEC("socket")
int check_index(struct __sk_buff *skb)
{
	struct gadget_usdt_arg arg;

	if (gadget_usdt_parse(description, sizeof(description), 2, &arg))
		return __LINE__;
	if (arg.kind != GADGET_USDT_INDEXED || arg.size != -2 || arg.index != INDEX_REG ||
	    arg.shift != INDEX_SHIFT || arg.value != INDEX_VALUE || arg.narrow)
		return __LINE__;
	return 0;
}

SEC("socket")
int check_constant(struct __sk_buff *skb)
{
	struct gadget_usdt_arg arg;

	if (gadget_usdt_parse(description, sizeof(description), 3, &arg))
		return __LINE__;
	if (arg.kind != GADGET_USDT_CONSTANT || arg.size != 1 || arg.value != -7)
		return __LINE__;
	/* Known to be unknown, and behind the end. */
	if (gadget_usdt_parse(description, sizeof(description), 4, &arg) != -22 ||
	    arg.kind != GADGET_USDT_UNKNOWN)
		return __LINE__;
	if (gadget_usdt_parse(description, sizeof(description), GADGET_USDT_MAX_ARGS - 1, &arg) != -2)
		return __LINE__;
	return gadget_usdt_parse(usdt_args_request, sizeof(usdt_args_request), 0, &arg) == -2 ?
		       0 :
		       __LINE__;
}

/* Registers of a probe that did not happen. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pt_regs);
} registers SEC(".maps");

#define SET(regs, offset, number) (*(__u64 *)((void *)(regs) + (offset)) = (number))

/* Memory of the process that runs the test: what its command line begins with. */
SEC("socket")
int check_values(struct __sk_buff *skb)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 address = BPF_CORE_READ(task, mm, arg_start);
	__u64 value, words[2];
	struct pt_regs *regs;
	__u32 zero = 0;

	regs = bpf_map_lookup_elem(&registers, &zero);
	if (!regs || bpf_probe_read_user(words, sizeof(words), (void *)address))
		return __LINE__;
	SET(regs, FIRST_REG, 0x1fffffffeULL);
	SET(regs, BASE_REG, address + 16);
	SET(regs, INDEXED_REG, address - INDEX_VALUE);
	SET(regs, INDEX_REG, 2);

	if (gadget_usdt_arg(regs, description, sizeof(description), 0, &value) || value != -2ULL)
		return __LINE__;
	if (gadget_usdt_arg(regs, description, sizeof(description), 1, &value) || value != words[0])
		return __LINE__;
	if (gadget_usdt_arg(regs, description, sizeof(description), 2, &value) ||
	    value != (__u64)(__s16)words[1])
		return __LINE__;
	if (gadget_usdt_arg(regs, description, sizeof(description), 3, &value) || value != 0xf9)
		return __LINE__;
	return gadget_usdt_arg(regs, description, sizeof(description), 4, &value) == -22 ? 0 : __LINE__;
}

__u64 values[4];

/* Kept by an earlier program: the verifier knows nothing of it. */
struct gadget_usdt_arg kept;

SEC("uprobe")
int kept_probe(struct pt_regs *ctx)
{
	struct gadget_usdt_arg arg = kept;

	return gadget_usdt_read(ctx, &arg, &values[0]) != 0;
}

SEC("uprobe")
int probe(struct pt_regs *ctx)
{
	struct gadget_usdt_arg arg;

	gadget_usdt_arg(ctx, description, sizeof(description), 0, &values[0]);
	gadget_usdt_arg(ctx, description, sizeof(description), 1, &values[1]);
	if (!gadget_usdt_parse(description, sizeof(description), 2, &arg))
		gadget_usdt_read(ctx, &arg, &values[2]);
	/* Set by userspace: its text is known when the program is loaded. */
	gadget_usdt_arg(ctx, usdt_args_request, sizeof(usdt_args_request), 0, &values[3]);
	return 0;
}

const void *markers[] = { &gadget_param_usdt_args_request };

char _license[] SEC("license") = "GPL";
