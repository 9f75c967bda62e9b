// SPDX-License-Identifier: Apache-2.0
// Checked reads from bytes of unknown origin: a read outside gives nullopt, never undefined behaviour.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace gadget::validator {

using ByteSpan = std::span<const std::byte>;

/// Names longer than the kernel's limit for symbol names are cut: nothing valid has them, and they make
/// copies costly.
inline constexpr std::size_t kMaxName = 512;

/// The part [offset, offset + size), or nullopt when it is not inside.
inline std::optional<ByteSpan> part(ByteSpan bytes, std::uint64_t offset, std::uint64_t size) {
    if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
    return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

/// A plain struct at `offset`, which need not be aligned.
template <class T>
std::optional<T> read_at(ByteSpan bytes, std::uint64_t offset) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto source = part(bytes, offset, sizeof(T));
    if (!source) return std::nullopt;
    T value;
    std::memcpy(&value, source->data(), sizeof(T));
    return value;
}

/// The NUL-terminated name at `offset` of a string table; empty when outside, cut at kMaxName.
inline std::string_view name_at(ByteSpan strings, std::uint64_t offset) {
    if (offset >= strings.size()) return {};
    const auto rest = strings.subspan(static_cast<std::size_t>(offset));
    const auto limit = std::min(rest.size(), kMaxName);
    const auto* text = reinterpret_cast<const char*>(rest.data());
    return {text, strnlen(text, limit)};
}

}  // namespace gadget::validator
