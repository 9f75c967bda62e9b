// SPDX-License-Identifier: GPL-2.0
// Everything that inspect() reads, once. 
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <gadget/macros.h>
#include <gadget/buffer.h>
#include <gadget/types.h>

enum direction { DIRECTION_IN = -1, DIRECTION_OUT = 1 };
enum flags_set { FLAG_A = 1, FLAG_B = 0x80000000 };

typedef struct {
	__u8 a;
	__u32 b;
} pair_t;

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process proc;
	struct gadget_l4endpoint_t src;
	enum direction direction_raw;
	enum flags_set flags_raw;
	__u32 bits_low : 3;
	__u32 bits_high : 29;
	char path[64];
	__u8 mac[6];
	__s16 deltas[3];
	bool ok;
	char letter;
	float ratio;
	pair_t pair;
	union {
		__u32 word;
		__u8 bytes[4];
	};
	struct {
		__u64 nested;
	};
	void *pointer;
	__u32 __padding;
	__u8 matrix[2][4];
	pair_t pairs[2];
};

struct row {
	__u32 id;
};

struct key {
	__u32 pid;
	__u32 pad_free;
};

struct value {
	__u64 count;
};

GADGET_TRACER_MAP(events, 1024 * 256);
GADGET_TRACER(sample, events, event);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct key);
	__type(value, struct value);
} counts SEC(".maps");
GADGET_MAPITER(counters, counts);

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps");

const volatile __u32 min_size = 42;
const volatile bool verbose = true;
const volatile char filter[8] = "abc";
const volatile __s64 offset = -5;
static const volatile __u32 hidden = 7;
__u64 total;
GADGET_PARAM(min_size);
GADGET_PARAM(filter);

GADGET_ITER(rows, row, walk, walk_again);

static __attribute__((noinline)) int helper(int value)
{
	struct key key = {};

	// A map that programs reach through this function only.
	return value + bpf_get_prandom_u32() + !bpf_map_lookup_elem(&counts, &key);
}

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(void *ctx)
{
	struct event *event = gadget_reserve_buf(&events, sizeof(*event));

	if (!event)
		return 0;
	__builtin_memset(event, 0, sizeof(*event));
	event->ok = verbose && offset < 0 && hidden && filter[0] == 'a';
	event->pair.b = helper(min_size);
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

extern struct task_struct *bpf_task_from_pid(int pid) __attribute__((section(".ksyms"), weak));

SEC("?kprobe/do_unlinkat")
int on_unlink(struct pt_regs *ctx)
{
	struct key key = {};
	struct task_struct *task;

	total++;
	if (bpf_task_from_pid) {
		task = bpf_task_from_pid(1);
		if (task)
			total += task->pid;
	}
	return bpf_map_delete_elem(&counts, &key);
}

SEC("iter/task")
int walk(void *ctx)
{
	return 0;
}

SEC("iter/task")
int walk_again(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
