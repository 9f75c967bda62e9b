// SPDX-License-Identifier: GPL-2.0
/* Every kind of relocation that an eBPF object can hold, for the comparison with clang. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include <gadget/macros.h>

#define __my_tag __attribute__((btf_decl_tag("mine")))
#define __my_type_tag __attribute__((btf_type_tag("mine")))

/* Flavours and shapes of types: what comes after ___ is not part of the name. */
struct task_struct___other {
	unsigned int __state;
	int no_such_member;
} __attribute__((preserve_access_index));

struct bits {
	__u32 a : 3;
	__s32 b : 7;
	__u32 plain;
	__u64 c : 40;
} __attribute__((preserve_access_index));

union either {
	__u64 number;
	struct {
		__u32 low;
		__u32 high;
	};
} __attribute__((preserve_access_index));

enum shade { SHADE_NONE, SHADE_LIGHT = 5, SHADE_DARK = -3 };
enum wide { WIDE_ONE = 1, WIDE_HUGE = 0x123456789abcULL };

struct tagged {
	int first __my_tag;
	struct task_struct __my_type_tag *task;
} __my_tag;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct tagged);
} table SEC(".maps");

struct inner_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} inner SEC(".maps");

/* A relocation in the section of maps itself. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct inner_map);
} outer SEC(".maps") = { .values = { &inner } };

/* Programs in a map: relocations to functions of other sections. */
int tail(void *ctx);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [0] = (void *)&tail } };

extern unsigned int CONFIG_HZ __kconfig;
extern bool CONFIG_SMP __kconfig __weak;
extern const void init_task __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

const volatile __u32 limit = 7;
const volatile char prefix[16] = "abc";
__u64 counter;
__u64 filled = 1;
static volatile __u32 hidden;
static const char *const words[] = { "one", "two", "three" };
struct event {
	__u64 value;
};
GADGET_PARAM(limit);

static __noinline int local_function(struct tagged *tagged, long factor)
{
	return tagged->first * (int)factor + (int)limit;
}

__noinline int global_function(__u32 value)
{
	return value + counter;
}

static long on_step(__u32 index, void *context)
{
	*(__u64 *)context += index;
	return 0;
}

SEC("kprobe/fields")
int fields(struct pt_regs *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct___other *other = (void *)task;
	struct bits *bits = (void *)task;
	union either *either = (void *)task;
	__u64 sum = PT_REGS_PARM1_CORE(ctx);

	sum += BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino);
	sum += BPF_CORE_READ(task, comm[3]);
	sum += BPF_CORE_READ(either, number) + BPF_CORE_READ(either, high);
	sum += BPF_CORE_READ_BITFIELD_PROBED(bits, a);
	sum += BPF_CORE_READ_BITFIELD_PROBED(bits, b);
	sum += BPF_CORE_READ_BITFIELD_PROBED(bits, c);
	sum += bpf_core_field_exists(other->no_such_member);
	sum += bpf_core_field_exists(other->__state) ? BPF_CORE_READ(other, __state) : 0;
	sum += bpf_core_field_size(task->comm) + bpf_core_field_offset(task->pid);
	counter += sum;
	return 0;
}

SEC("kprobe/types")
int types(struct pt_regs *ctx)
{
	__u64 sum = 0;

	sum += bpf_core_type_exists(struct task_struct);
	sum += bpf_core_type_exists(struct task_struct___other);
	sum += bpf_core_type_size(struct sk_buff);
	sum += bpf_core_type_matches(struct task_struct___other);
	sum += bpf_core_type_id_local(struct tagged);
	sum += bpf_core_type_id_kernel(struct task_struct);
	sum += bpf_core_enum_value_exists(enum pid_type, PIDTYPE_TGID);
	sum += bpf_core_enum_value(enum pid_type, PIDTYPE_SID);
	sum += bpf_core_enum_value(enum shade, SHADE_DARK);
	sum += bpf_core_enum_value(enum wide, WIDE_HUGE);
	filled += sum;
	return 0;
}

SEC("tracepoint/calls")
int calls(void *ctx)
{
	__u32 key = limit;
	__u64 steps = 0;
	struct tagged *found = bpf_map_lookup_elem(&table, &key);

	bpf_rcu_read_lock();
	if (found)
		steps = local_function(found, CONFIG_HZ) + global_function(key);
	bpf_rcu_read_unlock();
	bpf_loop(4, on_step, &steps, 0);
	if (CONFIG_SMP && &init_task)
		hidden += steps;
	bpf_printk("%s %s %llu", words[key % 3], prefix, steps);
	bpf_tail_call(ctx, &jumps, 0);
	return bpf_map_lookup_elem(&outer, &key) != NULL;
}

SEC("tracepoint/tail")
int tail(void *ctx)
{
	counter++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
