// SPDX-License-Identifier: Apache-2.0
// Small files of /proc and of cgroups.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gadget::session {

/// The text of a file whose size the kernel does not tell, at most 64 kB; nullopt when it cannot be read (the
/// process may be gone).
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path);
/// The words of a line, separated by blanks.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view line);
/// A decimal number, 0 when it is none.
[[nodiscard]] std::uint64_t number_of(std::string_view text);
[[nodiscard]] double float_of(std::string_view text);
/// The value behind "key" in lines of the form "key value", or "key: value kB"; nullopt when it is not there.
[[nodiscard]] std::optional<std::uint64_t> value_in(std::string_view text, std::string_view key);
/// The process ids in /proc, ascending.
[[nodiscard]] std::vector<std::uint32_t> process_ids();
/// The inode of the mount namespace of a process, 0 when it cannot be read.
[[nodiscard]] std::uint64_t mount_namespace_of(std::uint32_t pid);

}  // namespace gadget::session
