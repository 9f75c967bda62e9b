// SPDX-License-Identifier: Apache-2.0
// gadget verifier: shared by its .cpp files. Only in executables with the compiler.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "commands.h"
#include "gadget/testkit/verifier.h"

namespace gadget::cli {

/// The verifier's walk through one program as text: statistics, coverage, the lines where it spent most, and
/// the source with the visits beside each line. `with_log` adds the kernel's log.
std::string explanation(const testkit::KernelMeasurement& kernel, const testkit::ProgramMeasurement& program,
                        std::span<const std::byte> object, const std::filesystem::path& folder,
                        bool with_log);

}  // namespace gadget::cli
