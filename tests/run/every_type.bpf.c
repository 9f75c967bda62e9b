// SPDX-License-Identifier: GPL-2.0
// Every type that has a meaning, and every kind of source, with values that are known beforehand.
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include <gadget/buffer.h>
#include <gadget/kernel_stack_map.h>
#include <gadget/macros.h>
#include <gadget/mntns_filter.h>
#include <gadget/types.h>

enum colour { RED = 1, GREEN = 2, BLUE = -3 };
enum tiny { TINY_ZERO, TINY_MOST = 255 } __attribute__((packed));
enum wide { WIDE = 0x100000002 };
/* The kernel has an enum of this name, in which 1 is PIDTYPE_TGID. */
enum pid_type { PIDTYPE_OF_THE_OBJECT = 1 };
enum right_set { NOTHING = 0, READ = 1, WRITE = 2, BOTH = 3, EXEC = 4 };
typedef enum colour colour_t;

struct pair {
	__u16 a;
	__s16 b;
};
typedef struct pair pair_t;

union either {
	__u32 word;
	__u8 bytes[4];
	struct pair pair;
};

struct every_type {
	__u32 number;
	/* What C has. */
	bool yes;
	__s8 i8;
	__s16 i16;
	__s32 i32;
	__s64 i64;
	__u8 u8;
	__u16 u16;
	__u32 u32;
	__u64 u64;
	float f32;
	double f64;
	char letter;
	char letters[8];
	__u8 octets[4];
	__s16 steps[2];
	bool flags[2];
	struct pair pair;
	pair_t alias;
	union either either;
	__u32 low : 3;
	__u32 high : 29;
	struct {
		__u8 hoisted;
	};
	/* What is left out. */
	void *pointer;
	struct pair pairs[2];
	__u8 matrix[2][2];
	unsigned __int128 huge;
	__u32 __unseen;
	/* Enums and sets. */
	enum colour colour_raw;
	enum colour plain;
	enum colour tint;
	colour_t shade_raw;
	enum tiny tiny_raw;
	enum wide wide_raw;
	enum pid_type kind_raw;
	enum right_set rights_raw;
	enum right_set spaced_raw;
	/* What the names of types mean. */
	gadget_mntns_id mntns_id;
	gadget_netns_id netns_id;
	gadget_timestamp time_raw;
	gadget_timestamp when;
	gadget_signal signal_raw;
	gadget_errno error_raw;
	gadget_errno named;
	gadget_errno untold;
	gadget_syscall syscall_raw;
	gadget_bytes size_raw;
	gadget_duration took_raw;
	gadget_file_mode mode_raw;
	gadget_file_flags open_raw;
	gadget_uid uid;
	gadget_gid gid;
	gadget_uid owner_raw;
	gadget_gid team_raw;
	gadget_pid pid;
	gadget_ppid ppid;
	gadget_tid tid;
	gadget_ptid ptid;
	gadget_comm comm[TASK_COMM_LEN];
	gadget_pcomm pcomm[TASK_COMM_LEN];
	struct gadget_process proc;
	struct gadget_l3endpoint_t host;
	struct gadget_l4endpoint_t src;
	struct gadget_l4endpoint_t dst;
	union gadget_ip_addr_t address;
	gadget_kernel_stack kstack_raw;
	struct gadget_user_stack ustack;
	gadget_counter__u32 calls;
	gadget_counter__u64 total;
	gadget_gauge__u32 level;
	gadget_gauge__u64 depth;
	gadget_histogram_slot__u32 slots[3];
	gadget_histogram_slot__u64 bars[2];
	/* Bytes that the metadata says how to read. */
	__u32 args_size;
	char args[16];
	__u8 question[12];
};

struct packet {
	gadget_timestamp time_raw;
	__u32 length;
	__u32 captured;
	__u32 interface;
};

struct key {
	__u32 cpu;
	char name[8];
};

struct value {
	gadget_counter__u64 calls;
	gadget_gauge__u32 level;
	gadget_histogram_slot__u32 slots[4];
};

struct element {
	__u32 number;
	__u32 half;
	char name[4];
};

struct task_entry {
	gadget_pid pid;
	gadget_comm comm[TASK_COMM_LEN];
};

const volatile gadget_pid targ_pid = 0;
GADGET_PARAM(targ_pid);

GADGET_TRACER_MAP(ring_events, 65536);
GADGET_TRACER(ring, ring_events, every_type);

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} perf_events SEC(".maps");
GADGET_TRACER(perf, perf_events, every_type);

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} packet_events SEC(".maps");
GADGET_TRACER(packets, packet_events, packet);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct key);
	__type(value, struct value);
} counts SEC(".maps");
GADGET_MAPITER(counts, counts);

GADGET_ITER(elements, element, list_elements);
GADGET_ITER(tasks, task_entry, list_tasks);

/* Records are built here: what nobody writes is zero. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, struct every_type);
} records SEC(".maps");

/* The first call that finds it empty sends everything. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} done SEC(".maps");

static __always_inline void fill_values(struct every_type *e)
{
	__u32 one_and_a_half = 0x3fc00000;
	__u64 a_tenth = 0x3fb999999999999a;

	e->number = 1;
	e->yes = true;
	e->i8 = -8;
	e->i16 = -1600;
	e->i32 = -320000;
	e->i64 = -64000000000;
	e->u8 = 8;
	e->u16 = 1600;
	e->u32 = 320000;
	e->u64 = 64000000000;
	__builtin_memcpy(&e->f32, &one_and_a_half, 4);
	__builtin_memcpy(&e->f64, &a_tenth, 8);
	e->letter = 'x';
	__builtin_memcpy(e->letters, "abc\0xyz", 8);
	__builtin_memcpy(e->octets, "\1\2\3\377", 4);
	e->steps[0] = -1;
	e->steps[1] = 2;
	e->flags[1] = true;
	e->pair.a = 1;
	e->pair.b = -1;
	e->alias.a = 2;
	e->alias.b = -2;
	e->either.word = 0x04030201;
	e->low = 5;
	e->high = 0x12345;
	e->hoisted = 7;
	e->pointer = (void *)0x1234;
	e->__unseen = 99;
	e->colour_raw = BLUE;
	e->plain = GREEN;
	e->tint = RED;
	e->shade_raw = RED;
	e->tiny_raw = TINY_MOST;
	e->wide_raw = WIDE;
	e->kind_raw = 1;
	e->rights_raw = READ | EXEC;
	e->spaced_raw = READ | WRITE;
}

static __always_inline void fill_meanings(struct every_type *e)
{
	e->mntns_id = 4026531841;
	e->netns_id = 4026531840;
	e->time_raw = 1500000000;
	e->when = 1500000000;
	e->signal_raw = 9;
	e->error_raw = 2;
	e->named = 13;
	e->untold = 1;
	e->syscall_raw = 437;
	e->size_raw = 82854;
	e->took_raw = 1500000000;
	e->mode_raw = 0100644;
	e->open_raw = 02001101;
	e->owner_raw = 4000000000;
	e->team_raw = 4000000000;
	e->pid = 11;
	e->ppid = 12;
	e->tid = 13;
	e->ptid = 14;
	__builtin_memcpy(e->comm, "worker", 7);
	__builtin_memcpy(e->pcomm, "parent", 7);
	__builtin_memcpy(e->proc.comm, "cat", 4);
	e->proc.pid = 21;
	e->proc.tid = 22;
	e->proc.mntns_id = 23;
	__builtin_memcpy(e->proc.parent.comm, "sh", 3);
	e->proc.parent.pid = 24;
	e->proc.parent.tid = 25;
	__builtin_memcpy(e->host.addr_raw.v6, "\300\0\2\1", 4);
	e->host.version = 4;
	__builtin_memcpy(e->src.addr_raw.v6, "\177\0\0\1", 4);
	e->src.port = 8080;
	e->src.proto_raw = 6;
	e->src.version = 4;
	__builtin_memcpy(e->dst.addr_raw.v6, "\x20\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	e->dst.port = 53;
	e->dst.proto_raw = 17;
	e->dst.version = 6;
	__builtin_memcpy(e->address.v6, "\n\0\0\1", 4);
	e->ustack.major = 1;
	e->ustack.otel_correlation_id = 2;
	e->calls = 3;
	e->total = 4;
	e->level = 5;
	e->depth = 6;
	e->slots[1] = 7;
	e->bars[1] = 8;
	e->args_size = 6;
	__builtin_memcpy(e->args, "ls\0-l\0x", 8);
	__builtin_memcpy(e->question, "\3www\2de\0x", 10);
}

/* Limits, numbers without a name, bytes that are no text. */
static __always_inline void fill_oddities(struct every_type *e)
{
	e->number = 3;
	e->i8 = -128;
	e->i16 = -32768;
	e->i32 = -2147483647 - 1;
	e->i64 = -9223372036854775807 - 1;
	e->u8 = 255;
	e->u16 = 65535;
	e->u32 = 4294967295;
	e->u64 = 18446744073709551615ULL;
	e->letter = -1;
	__builtin_memcpy(e->letters, "\"\\\n\x01\xff\xc3\xa9\xc3", 8);
	e->low = 7;
	e->colour_raw = 4;
	e->tiny_raw = 2;
	e->wide_raw = 3;
	e->kind_raw = 99;
	e->rights_raw = 8;
	e->signal_raw = 99;
	e->error_raw = 9999;
	e->syscall_raw = 9999;
	e->size_raw = 18446744073709551615ULL;
	e->took_raw = 1234;
	e->mode_raw = 04777;
	e->open_raw = 2;
	e->uid = 4294967295;
	e->gid = 4294967295;
	__builtin_memset(e->comm, 0xe2, sizeof(e->comm));
	e->src.proto_raw = 200;
	e->src.version = 9;
	e->dst.version = 6;
	e->args_size = 99;
	__builtin_memcpy(e->question, "\xc0\x0c", 2);
}

static __always_inline void send(void *ctx, __u32 index)
{
	struct every_type *e = bpf_map_lookup_elem(&records, &index);

	if (!e || gadget_should_discard_mntns_id(4026531841))
		return;
	gadget_output_buf(ctx, &ring_events, e, sizeof(*e));
	bpf_perf_event_output(ctx, &perf_events, BPF_F_CURRENT_CPU, e, sizeof(*e));
}

static __always_inline void send_packets(void *ctx)
{
	struct {
		struct packet packet;
		__u8 content[4];
	} event;

	__builtin_memset(&event, 0, sizeof(event));
	event.packet.time_raw = 1500000000;
	event.packet.length = 60;
	event.packet.captured = 4;
	event.packet.interface = 1;
	__builtin_memcpy(event.content, "\xca\xfe\xba\xbe", 4);
	bpf_perf_event_output(ctx, &packet_events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	event.packet.captured = 2;
	event.packet.interface = 2;
	bpf_perf_event_output(ctx, &packet_events, BPF_F_CURRENT_CPU, &event, sizeof(event));
}

static __always_inline void gather(void)
{
	struct key key = {1, "one"};
	struct value value = {10, 20, {1, 2, 4, 0}};

	bpf_map_update_elem(&counts, &key, &value, BPF_ANY);
	key.cpu = 2;
	__builtin_memcpy(key.name, "\"\xff\n", 4);
	value.calls = 11;
	value.slots[3] = 8;
	bpf_map_update_elem(&counts, &key, &value, BPF_ANY);
}

SEC("raw_tp/sys_enter")
int on_call(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 zero = 0, two = 2;
	struct every_type *e;

	if (bpf_map_update_elem(&done, &zero, &zero, BPF_NOEXIST))
		return 0;
	e = bpf_map_lookup_elem(&records, &zero);
	if (!e)
		return 0;
	fill_values(e);
	fill_meanings(e);
	e->kstack_raw = gadget_get_kernel_stack(ctx);
	e = bpf_map_lookup_elem(&records, &two);
	if (!e)
		return 0;
	fill_oddities(e);
	send(ctx, 0);
	send(ctx, 1);
	send(ctx, 2);
	send_packets(ctx);
	gather();
	return 0;
}

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));
struct task_struct {
	int pid;
	int tgid;
	char comm[TASK_COMM_LEN];
} __attribute__((preserve_access_index));
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_entry entry = {};

	if (!task || task->tgid != task->pid || (targ_pid && task->tgid != targ_pid))
		return 0;
	entry.pid = task->tgid;
	bpf_probe_read_kernel_str(entry.comm, sizeof(entry.comm), task->comm);
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

/* Four rows, whatever runs. */
SEC("iter/task")
int list_elements(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct element elements[] = {{0, 0, "el0"}, {1, 0, "el1"}, {2, 1, "el2"}, {3, 1, "el3"}};

	if (task)
		return 0; /* at the end there is none */
	bpf_seq_write(ctx->meta->seq, elements, sizeof(elements));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
