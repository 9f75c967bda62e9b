// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::runtime {

/// The file that `name` means: a path with a slash as it is; "libc.so.6" or "libc" in the library folders,
/// "bash" in those of programs.
Result<std::filesystem::path> find_binary(const std::string& name);

/// Offset in the file of a function, by the symbol table or, in stripped files, the dynamic one. Symbols that
/// are only imported do not count. `not_found` with a suggestion.
Result<std::uint64_t> function_offset(const std::filesystem::path& binary, const std::string& symbol);

/// The offsets of every function that one of the patterns (fnmatch(3)) names, sorted, each once. An exact
/// name or a pattern that finds nothing is `not_found`.
Result<std::vector<std::uint64_t>> matching_offsets(const std::filesystem::path& binary,
                                                    const std::vector<std::string>& patterns);

}  // namespace gadget::runtime
