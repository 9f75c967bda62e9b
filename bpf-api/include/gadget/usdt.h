/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Arguments of USDT probes, from the description that the probed program
 * carries ("readelf -n" shows it): "-4@%eax 8@-16(%rbp) 1@$7" on amd64,
 * "-4@w0 8@[sp, 16] 1@7" on arm64. Needs vmlinux.h.
 *
 * Unlike libbpf's usdt.bpf.h this asks nothing of the loader: it works where a
 * USDT program is attached as a plain uprobe. The description is a literal, or
 * a parameter that userspace sets:
 *
 *   GADGET_USDT_ARGS(request, 64);
 *   ...
 *   if (!gadget_usdt_arg(ctx, usdt_args_request, 64, 0, &bytes))
 *
 * The text is read by the program each time. That is quick to verify, since
 * the verifier knows constants, and costs some hundred instructions a call;
 * gadget_usdt_parse() and gadget_usdt_read() are its two halves for programs
 * that keep the result.
 */
#ifndef __GADGET_USDT_H
#define __GADGET_USDT_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <gadget/macros.h>

/* A probe has at most so many arguments. */
#define GADGET_USDT_MAX_ARGS 12

enum gadget_usdt_kind {
	GADGET_USDT_UNKNOWN,
	GADGET_USDT_CONSTANT,
	GADGET_USDT_REGISTER,
	GADGET_USDT_MEMORY,
	GADGET_USDT_INDEXED, /* memory at register + index << shift + value */
};

/* Where one argument is. */
struct gadget_usdt_arg {
	__s64 value; /* the constant, or what is added to the address */
	__u16 reg;   /* offsets in struct pt_regs */
	__u16 index;
	__u8 kind;   /* enum gadget_usdt_kind */
	__s8 size;   /* bytes: 1, 2, 4, 8; negative: signed */
	__u8 shift;
	__u8 narrow; /* of the index: its lower 32 bits count, signed */
};

/* The registers have no number zero: 0 is "no such register". */
#define __GADGET_USDT_NO_REG 0xffff
#define __GADGET_USDT_ZERO_REG 0xfffe

/*
 * GADGET_USDT_ARGS - a parameter that holds a description
 * @name: it is called usdt_args_<name>
 * @size: bytes, the NUL included
 */
#define GADGET_USDT_ARGS(name, size)                 \
	const volatile char usdt_args_##name[size] = {}; \
	GADGET_PARAM(usdt_args_##name)

/* What a text is read with: one character after the other, 0 behind its end. */
struct __gadget_usdt_text {
	const volatile char *at;
	__u32 size;
	__u32 pos;
};

static __always_inline char __gadget_usdt_peek(struct __gadget_usdt_text *text)
{
	return text->pos < text->size ? text->at[text->pos] : '\0';
}

static __always_inline _Bool __gadget_usdt_skip(struct __gadget_usdt_text *text,
						char expected)
{
	if (__gadget_usdt_peek(text) != expected)
		return 0;
	text->pos++;
	return 1;
}

static __always_inline _Bool __gadget_usdt_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number, decimal or 0x; false if there is none. */
static __always_inline _Bool __gadget_usdt_number(struct __gadget_usdt_text *text,
						  __s64 *number)
{
	_Bool negative = __gadget_usdt_skip(text, '-');
	__u32 start = text->pos, base = 10;
	__u64 value = 0;

	if (__gadget_usdt_peek(text) == '0') {
		text->pos++;
		if (__gadget_usdt_skip(text, 'x'))
			base = 16;
	}
	for (int i = 0; i < 20; i++) {
		char c = __gadget_usdt_peek(text);

		if (__gadget_usdt_digit(c))
			value = value * base + (c - '0');
		else if (base == 16 && c >= 'a' && c <= 'f')
			value = value * base + (c - 'a' + 10);
		else
			break;
		text->pos++;
	}
	*number = negative ? -value : value;
	return text->pos != start;
}

/* Up to four letters and digits as one number, the first in the lowest byte. */
static __always_inline __u32 __gadget_usdt_word(struct __gadget_usdt_text *text)
{
	__u32 word = 0;

	for (int i = 0; i < 4; i++) {
		char c = __gadget_usdt_peek(text);

		if (!__gadget_usdt_digit(c) && !(c >= 'a' && c <= 'z'))
			break;
		word |= (__u32)c << (8 * i);
		text->pos++;
	}
	return word;
}

#define __GADGET_USDT_NAME(a, b, c, d) \
	((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)
#define __GADGET_USDT_REG(member) \
	((__u16)__builtin_offsetof(struct pt_regs, member))

#if defined(__TARGET_ARCH_x86)

/* The names of r8 to r15 end in nothing, b, w or d: the second digit or that. */
static __always_inline __u16 __gadget_usdt_r_number(__u32 word)
{
	__u32 suffix = 0, digits = word >> 8;

	if ((digits & 0xff) == '1' && __gadget_usdt_digit(digits >> 8 & 0xff)) {
		suffix = digits >> 16;
		digits &= 0xffff;
	} else {
		suffix = digits >> 8;
		digits &= 0xff;
	}
	if (suffix && suffix != 'b' && suffix != 'w' && suffix != 'd')
		return __GADGET_USDT_NO_REG;
	switch (digits) {
	case '8':
		return __GADGET_USDT_REG(r8);
	case '9':
		return __GADGET_USDT_REG(r9);
	case __GADGET_USDT_NAME('1', '0', 0, 0):
		return __GADGET_USDT_REG(r10);
	case __GADGET_USDT_NAME('1', '1', 0, 0):
		return __GADGET_USDT_REG(r11);
	case __GADGET_USDT_NAME('1', '2', 0, 0):
		return __GADGET_USDT_REG(r12);
	case __GADGET_USDT_NAME('1', '3', 0, 0):
		return __GADGET_USDT_REG(r13);
	case __GADGET_USDT_NAME('1', '4', 0, 0):
		return __GADGET_USDT_REG(r14);
	case __GADGET_USDT_NAME('1', '5', 0, 0):
		return __GADGET_USDT_REG(r15);
	default:
		return __GADGET_USDT_NO_REG;
	}
}

/* One register has the names rax, eax, ax and al, another rsi, esi, si, sil. */
static __always_inline __u16 __gadget_usdt_register_of(__u32 word)
{
	if ((word & 0xff) == 'r' && __gadget_usdt_digit(word >> 8 & 0xff))
		return __gadget_usdt_r_number(word);
	/* rax and eax as ax. */
	if (word >> 16 && ((word & 0xff) == 'r' || (word & 0xff) == 'e'))
		word >>= 8;
	switch (word) {
	case __GADGET_USDT_NAME('a', 'x', 0, 0):
	case __GADGET_USDT_NAME('a', 'l', 0, 0):
		return __GADGET_USDT_REG(ax);
	case __GADGET_USDT_NAME('b', 'x', 0, 0):
	case __GADGET_USDT_NAME('b', 'l', 0, 0):
		return __GADGET_USDT_REG(bx);
	case __GADGET_USDT_NAME('c', 'x', 0, 0):
	case __GADGET_USDT_NAME('c', 'l', 0, 0):
		return __GADGET_USDT_REG(cx);
	case __GADGET_USDT_NAME('d', 'x', 0, 0):
	case __GADGET_USDT_NAME('d', 'l', 0, 0):
		return __GADGET_USDT_REG(dx);
	case __GADGET_USDT_NAME('s', 'i', 0, 0):
	case __GADGET_USDT_NAME('s', 'i', 'l', 0):
		return __GADGET_USDT_REG(si);
	case __GADGET_USDT_NAME('d', 'i', 0, 0):
	case __GADGET_USDT_NAME('d', 'i', 'l', 0):
		return __GADGET_USDT_REG(di);
	case __GADGET_USDT_NAME('b', 'p', 0, 0):
	case __GADGET_USDT_NAME('b', 'p', 'l', 0):
		return __GADGET_USDT_REG(bp);
	case __GADGET_USDT_NAME('s', 'p', 0, 0):
	case __GADGET_USDT_NAME('s', 'p', 'l', 0):
		return __GADGET_USDT_REG(sp);
	default:
		return __GADGET_USDT_NO_REG;
	}
}

static __always_inline __u16 __gadget_usdt_reg(struct __gadget_usdt_text *text)
{
	if (!__gadget_usdt_skip(text, '%'))
		return __GADGET_USDT_NO_REG;
	return __gadget_usdt_register_of(__gadget_usdt_word(text));
}

/* (%base), (%base,%index) or (%base,%index,scale), behind its parenthesis. */
static __always_inline _Bool __gadget_usdt_memory(struct __gadget_usdt_text *text,
						  struct gadget_usdt_arg *arg)
{
	__s64 scale = 1;

	arg->kind = GADGET_USDT_MEMORY;
	arg->reg = __gadget_usdt_reg(text);
	if (arg->reg == __GADGET_USDT_NO_REG)
		return 0;
	if (__gadget_usdt_skip(text, ',')) {
		arg->kind = GADGET_USDT_INDEXED;
		arg->index = __gadget_usdt_reg(text);
		if (arg->index == __GADGET_USDT_NO_REG)
			return 0;
		if (__gadget_usdt_skip(text, ',') &&
		    !__gadget_usdt_number(text, &scale))
			return 0;
		if (scale != 1 && scale != 2 && scale != 4 && scale != 8)
			return 0;
		arg->shift = scale == 8 ? 3 : scale / 2;
	}
	return __gadget_usdt_skip(text, ')');
}

static __always_inline _Bool __gadget_usdt_operand(struct __gadget_usdt_text *text,
						   struct gadget_usdt_arg *arg)
{
	if (__gadget_usdt_skip(text, '$')) {
		arg->kind = GADGET_USDT_CONSTANT;
		return __gadget_usdt_number(text, &arg->value);
	}
	if (__gadget_usdt_peek(text) == '%') {
		arg->kind = GADGET_USDT_REGISTER;
		arg->reg = __gadget_usdt_reg(text);
		return arg->reg != __GADGET_USDT_NO_REG;
	}
	if (__gadget_usdt_peek(text) != '(' &&
	    !__gadget_usdt_number(text, &arg->value))
		return 0;
	return __gadget_usdt_skip(text, '(') && __gadget_usdt_memory(text, arg);
}

#elif defined(__TARGET_ARCH_arm64)

/* x0 to x30, w0 to w30, sp, wsp, xzr and wzr. */
static __always_inline __u16 __gadget_usdt_reg(struct __gadget_usdt_text *text,
					       _Bool *narrow)
{
	__u32 word = __gadget_usdt_word(text), number, second;

	*narrow = (word & 0xff) == 'w';
	if (word == __GADGET_USDT_NAME('s', 'p', 0, 0) ||
	    word == __GADGET_USDT_NAME('w', 's', 'p', 0))
		return __GADGET_USDT_REG(sp);
	if (word == __GADGET_USDT_NAME('x', 'z', 'r', 0) ||
	    word == __GADGET_USDT_NAME('w', 'z', 'r', 0))
		return __GADGET_USDT_ZERO_REG;
	if ((word & 0xff) != 'x' && (word & 0xff) != 'w')
		return __GADGET_USDT_NO_REG;
	if (!__gadget_usdt_digit(word >> 8 & 0xff) || word >> 24)
		return __GADGET_USDT_NO_REG;
	number = (word >> 8 & 0xff) - '0';
	second = word >> 16 & 0xff;
	if (second) {
		if (!__gadget_usdt_digit(second))
			return __GADGET_USDT_NO_REG;
		number = number * 10 + second - '0';
	}
	if (number > 30)
		return __GADGET_USDT_NO_REG;
	return __GADGET_USDT_REG(regs) + number * sizeof(__u64);
}

/* [base], [base, offset], [base, index] and [base, index, lsl #n] */
static __always_inline _Bool __gadget_usdt_memory(struct __gadget_usdt_text *text,
						  struct gadget_usdt_arg *arg)
{
	_Bool narrow;
	__s64 shift = 0;
	char c;

	arg->kind = GADGET_USDT_MEMORY;
	arg->reg = __gadget_usdt_reg(text, &narrow);
	if (arg->reg == __GADGET_USDT_NO_REG || narrow)
		return 0;
	if (__gadget_usdt_skip(text, ']'))
		return 1;
	if (!__gadget_usdt_skip(text, ','))
		return 0;
	__gadget_usdt_skip(text, ' ');
	__gadget_usdt_skip(text, '#');
	c = __gadget_usdt_peek(text);
	if (c == '-' || __gadget_usdt_digit(c))
		return __gadget_usdt_number(text, &arg->value) &&
		       __gadget_usdt_skip(text, ']');

	arg->kind = GADGET_USDT_INDEXED;
	arg->index = __gadget_usdt_reg(text, &narrow);
	arg->narrow = narrow;
	if (arg->index == __GADGET_USDT_NO_REG)
		return 0;
	if (__gadget_usdt_skip(text, ',')) {
		__u32 word;

		__gadget_usdt_skip(text, ' ');
		word = __gadget_usdt_word(text);
		/* A narrow index is extended with its sign, a wide one shifted. */
		if (word != __GADGET_USDT_NAME('l', 's', 'l', 0) &&
		    !(narrow && word == __GADGET_USDT_NAME('s', 'x', 't', 'w')))
			return 0;
		if (__gadget_usdt_skip(text, ' ')) {
			__gadget_usdt_skip(text, '#');
			if (!__gadget_usdt_number(text, &shift) || shift < 0 ||
			    shift > 4)
				return 0;
		}
		arg->shift = shift;
	}
	return __gadget_usdt_skip(text, ']');
}

static __always_inline _Bool __gadget_usdt_operand(struct __gadget_usdt_text *text,
						   struct gadget_usdt_arg *arg)
{
	char c = __gadget_usdt_peek(text);
	_Bool narrow;

	if (__gadget_usdt_skip(text, '['))
		return __gadget_usdt_memory(text, arg);
	if (c == '-' || __gadget_usdt_digit(c)) {
		arg->kind = GADGET_USDT_CONSTANT;
		return __gadget_usdt_number(text, &arg->value);
	}
	arg->kind = GADGET_USDT_REGISTER;
	arg->reg = __gadget_usdt_reg(text, &narrow);
	return arg->reg != __GADGET_USDT_NO_REG;
}

#else
#error "gadget/usdt.h knows the registers of amd64 and arm64 only"
#endif

/* Forward to the blank before the next argument: blanks in [..] do not count. */
static __always_inline void __gadget_usdt_next(struct __gadget_usdt_text *text)
{
	_Bool inside = 0;

	for (int i = 0; i < 40; i++) {
		char c = __gadget_usdt_peek(text);

		if (c == '\0' || (c == ' ' && !inside))
			return;
		if (c == '[' || c == ']')
			inside = c == '[';
		text->pos++;
	}
}

/*
 * gadget_usdt_parse - find one argument in a description
 * @args: the text; ends with a NUL or after size bytes
 * @n: number of the argument, a constant from 0 to GADGET_USDT_MAX_ARGS - 1
 * @arg: is set
 *
 * Returns 0; -2 (ENOENT) if there are fewer arguments, or one before it takes
 * more than 40 characters; -22 (EINVAL) if its form is not known: a global
 * variable, %rip, a floating point register.
 */
static __always_inline long gadget_usdt_parse(const volatile char *args,
					      __u32 size, __u32 n,
					      struct gadget_usdt_arg *arg)
{
	struct __gadget_usdt_text text = { .at = args, .size = size };
	__s64 width;

	__builtin_memset(arg, 0, sizeof(*arg));
	for (__u32 i = 0; i < n && i < GADGET_USDT_MAX_ARGS; i++) {
		__gadget_usdt_next(&text);
		if (!__gadget_usdt_skip(&text, ' '))
			return -2;
	}
	if (__gadget_usdt_peek(&text) == '\0')
		return -2;
	if (!__gadget_usdt_number(&text, &width) ||
	    !__gadget_usdt_skip(&text, '@'))
		return -22;
	if (width != 1 && width != 2 && width != 4 && width != 8 &&
	    width != -1 && width != -2 && width != -4 && width != -8)
		return -22;
	arg->size = width;
	if (!__gadget_usdt_operand(&text, arg)) {
		arg->kind = GADGET_USDT_UNKNOWN;
		return -22;
	}
	return 0;
}

static __always_inline __u64 __gadget_usdt_fetch(struct pt_regs *ctx, __u16 reg)
{
	__u64 value = 0;

	if (reg <= sizeof(struct pt_regs) - sizeof(value))
		bpf_probe_read_kernel(&value, sizeof(value), (void *)ctx + reg);
	return value;
}

/*
 * gadget_usdt_read - value of an argument
 * @ctx: context of the program
 * @value: is set, extended to 64 bits with its sign or with zeroes
 *
 * Returns 0, -22 (EINVAL) if arg was not parsed, or the error of reading the
 * memory of the process.
 */
static __always_inline long gadget_usdt_read(struct pt_regs *ctx,
					     const struct gadget_usdt_arg *arg,
					     __u64 *value)
{
	__u32 bytes = arg->size < 0 ? -arg->size : arg->size;
	__u32 unused = 64 - bytes * 8;
	__u64 raw = arg->value;

	*value = 0;
	if (arg->kind == GADGET_USDT_UNKNOWN || bytes == 0 || bytes > 8)
		return -22;
	if (arg->kind != GADGET_USDT_CONSTANT)
		raw += __gadget_usdt_fetch(ctx, arg->reg);
	if (arg->kind == GADGET_USDT_INDEXED) {
		__u64 index = __gadget_usdt_fetch(ctx, arg->index);

		if (arg->narrow)
			index = (__s64)(__s32)index;
		raw += index << (arg->shift & 7);
	}
	if (arg->kind == GADGET_USDT_MEMORY || arg->kind == GADGET_USDT_INDEXED) {
		/* Twice what is needed: the verifier sees the mask alone. */
		__u64 memory[2] = {};
		long error;

		barrier_var(bytes);
		error = bpf_probe_read_user(memory, bytes & 15, (const void *)raw);
		if (error)
			return error;
		raw = memory[0];
	}
	raw <<= unused & 63;
	*value = arg->size < 0 ? (__u64)((__s64)raw >> (unused & 63)) :
				 raw >> (unused & 63);
	return 0;
}

/*
 * gadget_usdt_arg - value of argument n of a description
 *
 * Both of the above; returns what the one that failed does.
 */
static __always_inline long gadget_usdt_arg(struct pt_regs *ctx,
					    const volatile char *args,
					    __u32 size, __u32 n, __u64 *value)
{
	struct gadget_usdt_arg arg;
	long error = gadget_usdt_parse(args, size, n, &arg);

	*value = 0;
	return error ? error : gadget_usdt_read(ctx, &arg, value);
}

#endif /* __GADGET_USDT_H */
