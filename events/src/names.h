// SPDX-License-Identifier: Apache-2.0
// Names of Linux numbers. Errno and signal numbers are the same on amd64 and arm64; system calls differ.
#pragma once

#include <cstdint>
#include <string_view>

#include "gadget/model/platform.h"

namespace gadget::events::detail {

/// Empty when the number has no name.
[[nodiscard]] std::string_view errno_name(std::uint32_t number);                      ///< "ENOENT"
[[nodiscard]] std::string_view signal_name(std::uint32_t number);                     ///< "SIGKILL"
[[nodiscard]] std::string_view protocol_name(std::uint32_t number);                   ///< "TCP"
[[nodiscard]] std::string_view syscall_name(model::Arch arch, std::uint64_t number);  ///< "SYS_OPENAT"

}  // namespace gadget::events::detail
