// SPDX-License-Identifier: Apache-2.0
// Between C++ values and the bytes of maps, constants and records. A type that is shared with a program has
// the same layout on both sides: fixed widths, no pointers, padding spelt out.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "gadget/support/files.h"

namespace gadget::runtime {

/// A copy of the value's bytes: keys, values, constants.
template <class T>
[[nodiscard]] Bytes to_bytes(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto bytes = std::as_bytes(std::span(&value, 1));
    return {bytes.begin(), bytes.end()};
}

/// The value at the start of `bytes`; nullopt when there are fewer than it has. More are fine: records of
/// ring and perf buffers are padded.
template <class T>
[[nodiscard]] std::optional<T> from_bytes(std::span<const std::byte> bytes) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>);
    if (bytes.size() < sizeof(T)) return std::nullopt;
    T value{};
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
}

/// The values of a per-CPU map's element, by number of the CPU, from what Manager::lookup() and for_each()
/// give: each takes sizeof(T), rounded up to 8.
template <class T>
[[nodiscard]] std::vector<T> cpu_values(std::span<const std::byte> element) {
    constexpr std::size_t kStride = (sizeof(T) + 7) / 8 * 8;
    std::vector<T> values;
    for (; element.size() >= kStride; element = element.subspan(kStride))
        values.push_back(*from_bytes<T>(element));
    return values;
}

}  // namespace gadget::runtime
