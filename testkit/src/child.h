// SPDX-License-Identifier: Apache-2.0
// Child processes that the user can interrupt.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/cancel.h"
#include "gadget/support/result.h"
#include "gadget/support/subprocess.h"

namespace gadget::testkit {

struct ChildRun {
    std::vector<std::string> argv;
    std::filesystem::path working_directory{};
    std::vector<std::string> extra_environment{};
    std::chrono::milliseconds timeout{60'000};
    /// Receives standard output piece by piece; an error ends the child. Unset: it is dropped.
    std::function<Result<void>(std::string_view)> output{};
};

struct ChildEnd {
    ExitStatus status;
    std::string errors;  ///< the last 64 KiB of standard error
};

/// Runs a program to its end. `cancelled` and `timed_out` kill it first.
Result<ChildEnd> run_child(const ChildRun& run, const CancelToken& cancel);

[[nodiscard]] Error cancelled_error(std::string_view what);

}  // namespace gadget::testkit
