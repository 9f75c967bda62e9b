// SPDX-License-Identifier: Apache-2.0
// What the tables of a kernel image say about its symbols.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gadget/support/result.h"
#include "kernel_memory.h"

namespace gadget::testkit {

struct ImageSymbol {
    std::string name;
    char type = '?';            ///< the letter of kallsyms
    std::uint64_t address = 0;  ///< where it was linked to; 0 when the image does not tell
};

/// In the order of the image. `not_found` when it has no such tables.
Result<std::vector<ImageSymbol>> read_kallsyms(std::span<const std::byte> image, const KernelMemory& memory);

/// The native system calls, sorted, without prefix: "openat". Empty when their table is not found.
std::vector<std::string> read_system_calls(const KernelMemory& memory,
                                           const std::vector<ImageSymbol>& symbols);

/// "category/name" of all tracepoints with an event, sorted; empty when the image does not tell, which is so
/// when it was built without data symbols (CONFIG_KALLSYMS_ALL). Those of system calls are the ones of
/// `system_calls`: the kernel registers no others.
std::vector<std::string> read_tracepoints(const KernelMemory& memory, const std::vector<ImageSymbol>& symbols,
                                          const std::vector<std::string>& system_calls);

}  // namespace gadget::testkit
