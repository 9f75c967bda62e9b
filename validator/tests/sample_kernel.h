// SPDX-License-Identifier: Apache-2.0
// The kernel of tests/golden/kernels/kernel.c, with symbols.
#pragma once

#include <gtest/gtest.h>

#include "elf_view.h"
#include "gadget/model/kernel_facts.h"
#include "gadget/support/files.h"

namespace gadget::validator {

inline model::KernelFacts sample_kernel() {
    model::KernelFacts kernel{.id = "sample", .release = "5.10.0"};
    const auto object = read_file(GADGETKIT_KERNEL);
    if (!object) {
        ADD_FAILURE() << object.error().to_string();
        return kernel;
    }
    const auto elf = ElfView::open(*object);
    const auto* section = elf ? elf->find_section(".BTF") : nullptr;
    if (section == nullptr) {
        ADD_FAILURE() << "the sample kernel has no BTF";
        return kernel;
    }
    kernel.btf.assign(section->data.begin(), section->data.end());
    kernel.symbols = model::SymbolList::of({{"vfs_read", 'T'},
                                            {"vfs_write", 'T'},
                                            {"security_file_open", 'T'},
                                            {"bpf_lsm_file_open", 'T'},
                                            {"bpf_iter_task", 'T'},
                                            {"bpf_known_kfunc", 'T'},
                                            {"register_kprobe", 'T'},
                                            {"register_ftrace_direct", 'T'},
                                            {"uprobe_register", 'T'},
                                            {"__x64_sys_openat", 'T'},
                                            {"__x64_sys_openat2", 'T'},
                                            {"__tracepoint_sched_switch", 'D'}});
    kernel.tracepoints = {"sched/sched_process_exit", "sched/sched_switch", "syscalls/sys_enter_openat",
                          "syscalls/sys_enter_openat2"};
    kernel.has_module_symbols = true;
    return kernel;
}

}  // namespace gadget::validator
