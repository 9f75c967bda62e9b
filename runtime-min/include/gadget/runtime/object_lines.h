// SPDX-License-Identifier: Apache-2.0
// Which source lines the instructions of a function come from (.BTF.ext, Documentation/bpf/btf.rst).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::runtime {

struct CodeLine {
    std::uint64_t instruction = 0;  ///< the first one, from the start of the function
    std::string file;
    unsigned line = 0;
    std::string text;  ///< without white space at its ends
};

struct FunctionLines {
    std::string name;
    bool is_program = false;  ///< not in .text
    std::uint64_t instructions = 0;
    std::vector<CodeLine> lines;  ///< by instruction
};

/// All functions of an object. `corrupt_data` when it is damaged, `not_found` without line information.
Result<std::vector<FunctionLines>> function_lines(std::span<const std::byte> object);

}  // namespace gadget::runtime
