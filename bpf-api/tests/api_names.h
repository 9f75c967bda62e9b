// SPDX-License-Identifier: Apache-2.0
// What a header of bpf-api offers, by name. Knows the C that those headers are written in, not all of C.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace gadget::api_tests {

/// `text` without comments; strings stay as they are.
[[nodiscard]] std::string without_comments(std::string_view text);

/// Macros, functions, types, enumerators, maps and global variables that the header `text` defines or
/// declares.
[[nodiscard]] std::set<std::string> declared_names(std::string_view text);

/// All identifiers in `text`, which has no comments.
[[nodiscard]] std::set<std::string> identifiers(std::string_view text);

}  // namespace gadget::api_tests
