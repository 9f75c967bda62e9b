// SPDX-License-Identifier: Apache-2.0
// BTF for kernels that bring none, from the btfgen layer of an image.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::session {

/// Where a machine says what it is.
struct MachinePlaces {
    std::filesystem::path kernel_btf = "/sys/kernel/btf/vmlinux";
    std::filesystem::path os_release = "/etc/os-release";
    std::string machine{};  ///< as uname -m; empty: of this machine
    std::string release{};  ///< as uname -r; empty: of this machine
};

/// A file in memory with what `layer` has for this kernel. Nothing when the kernel has BTF of its own, when
/// `layer` is empty, or when it does not know this kernel: then the loader says what is missing.
/// corrupt_data: it is no such layer.
[[nodiscard]] Result<UniqueFd> kernel_btf_from(std::span<const std::byte> layer,
                                               const MachinePlaces& places = {});

}  // namespace gadget::session
