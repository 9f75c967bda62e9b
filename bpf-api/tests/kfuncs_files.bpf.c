// SPDX-License-Identifier: GPL-2.0
/* What gadget/kfuncs.h has for files, which only LSM programs may call. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <gadget/kfuncs.h>

__u64 seen;

SEC("lsm/file_open")
int BPF_PROG(files, struct file *file)
{
	char path[64];

	if (bpf_ksym_exists(bpf_path_d_path))
		seen += bpf_path_d_path(&file->f_path, path, sizeof(path));
	if (bpf_ksym_exists(bpf_get_task_exe_file) && bpf_ksym_exists(bpf_put_file)) {
		file = bpf_get_task_exe_file(bpf_get_current_task_btf());
		if (file)
			bpf_put_file(file);
	}
	return 0;
}

char _license[] SEC("license") = "GPL";
