// SPDX-License-Identifier: Apache-2.0
// Compiling with a clang of the machine in the place of the one inside.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gadget/builder.h"

namespace gadget::builder {

struct ExternalOutcome {
    Output output;
    std::vector<Diagnostic> findings;
    bool compiled = false;         ///< false without a failure: the findings say why
    std::optional<Error> failure;  ///< clang did not do its work
};

/// Compiles one request. Findings name files as the request does.
ExternalOutcome compile_with(const ExternalClang& clang, const Request& request, const Options& options);

/// Reads what clang writes with -fno-caret-diagnostics: "file:line:column: error: text [-Wname]".
std::vector<Diagnostic> parse_clang_text(std::string_view text);

/// The inputs in a dependency file as clang writes it, in order.
std::vector<std::filesystem::path> parse_clang_dependencies(std::string_view text);

/// The number in "... clang version 19.1.7 (...)"; empty when there is none.
std::string parse_clang_version(std::string_view text);

}  // namespace gadget::builder
