// SPDX-License-Identifier: Apache-2.0
// What is changed in an object so that it runs on kernels older than its author's.
#pragma once

#include "gadget/support/files.h"

namespace gadget::session {

struct KernelFeatures {
    bool ring_buffers = true;  ///< Linux 5.8
    bool boot_clock = true;    ///< bpf_ktime_get_boot_ns(), Linux 5.8
};

/// Asks the kernel, by using what is in question. What it does not let us try is taken as there: the load
/// then says why it fails.
[[nodiscard]] KernelFeatures probe_kernel();

/// Replaces every call of bpf_ktime_get_boot_ns() in `object`, an ELF file, by "r0 = 0", which outputs show
/// as the present. Returns how many. Bytes that are not a well-formed ELF64 file are left alone.
std::size_t replace_boot_clock(Bytes& object);

}  // namespace gadget::session
