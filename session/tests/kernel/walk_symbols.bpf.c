// SPDX-License-Identifier: GPL-2.0
// The functions of the kernel.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include <gadget/macros.h>

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));
struct kallsym_iter {
	unsigned long value;
	char type;
	char name[512];
} __attribute__((preserve_access_index));
struct bpf_iter__ksym {
	struct bpf_iter_meta *meta;
	struct kallsym_iter *ksym;
} __attribute__((preserve_access_index));

struct symbol {
	__u64 address;
	char name[64];
};

GADGET_ITER(symbols, symbol, list_symbols);

SEC("iter/ksym")
int list_symbols(struct bpf_iter__ksym *ctx)
{
	struct kallsym_iter *ksym = ctx->ksym;
	struct symbol entry = {};

	if (!ksym || (ksym->type != 't' && ksym->type != 'T'))
		return 0;
	entry.address = ksym->value;
	bpf_probe_read_kernel_str(entry.name, sizeof(entry.name), ksym->name);
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
