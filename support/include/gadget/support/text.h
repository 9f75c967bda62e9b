// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gadget {

/// Smallest number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`
/// (optimal string alignment distance), ASCII case ignored at no cost.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, or empty when none is near enough to be what was meant (a third of the
/// length).
[[nodiscard]] std::string nearest(std::string_view name, std::span<const std::string> candidates);

/// "did you mean 'x'?", or empty when nothing is near.
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

/// "a, b and c".
[[nodiscard]] std::string join_words(std::span<const std::string> words, std::string_view last = "and");

/// The parts between separators, empty ones too; at least one. They point into `text`, which must outlive
/// them.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// Parts of a string that is about to go would dangle.
template <class String>
    requires std::same_as<String, std::string>
std::vector<std::string_view> split(String&& text, char separator) = delete;
[[nodiscard]] std::string_view trim(std::string_view text);

/// "1.2 MB", decimal units, one decimal below 10.
[[nodiscard]] std::string human_bytes(unsigned long long bytes);

/// Bytes that are not valid UTF-8 and control characters replaced, so that output of strangers cannot garble
/// a terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace gadget
