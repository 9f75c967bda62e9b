// SPDX-License-Identifier: Apache-2.0
// The parent's side of a compiler process: this executable again, with limits, and memory files for what goes
// in and comes out.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

#include "gadget/builder.h"
#include "gadget/support/files.h"
#include "gadget/support/subprocess.h"

namespace gadget::builder {

struct ChildProcess {
    Subprocess process;
    UniqueFd records;     ///< what it writes to descriptor 1
    UniqueFd error_text;  ///< and to descriptor 2
    std::chrono::steady_clock::time_point deadline;
};

/// Starts options.compiler with `argument` as its one word; `input` is its standard input.
Result<ChildProcess> start_child(const Options& options, const char* argument,
                                 std::span<const std::byte> input);

/// All that was written to a memory file.
Result<Bytes> content_of(const UniqueFd& fd, std::size_t limit, const char* what);

}  // namespace gadget::builder
