// SPDX-License-Identifier: Apache-2.0
// Many objects as one: a test machine takes one object for each architecture. "NAME SIZE\n" and the bytes,
// again and again.
#pragma once

#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gadget/support/files.h"

namespace gadget::vm_tests {

inline void append_object(Bytes& pack, std::string_view name, std::span<const std::byte> object) {
    const auto header = as_bytes(name);
    const std::string size = " " + std::to_string(object.size()) + "\n";
    pack.insert(pack.end(), header.begin(), header.end());
    const auto size_bytes = as_bytes(size);
    pack.insert(pack.end(), size_bytes.begin(), size_bytes.end());
    pack.insert(pack.end(), object.begin(), object.end());
}

/// The object called `name`; nullopt when the pack has none, or is damaged.
inline std::optional<Bytes> find_object(std::span<const std::byte> pack, std::string_view name) {
    while (!pack.empty()) {
        const std::string_view text = as_text(pack.first(std::min<std::size_t>(pack.size(), 256)));
        const auto space = text.find(' ');
        const auto newline = text.find('\n');
        if (space == std::string_view::npos || newline == std::string_view::npos || space > newline)
            return std::nullopt;
        std::size_t size = 0;
        const auto parsed = std::from_chars(text.data() + space + 1, text.data() + newline, size);
        if (parsed.ec != std::errc() || size > pack.size() - newline - 1) return std::nullopt;
        const auto object = pack.subspan(newline + 1, size);
        if (text.substr(0, space) == name) return Bytes(object.begin(), object.end());
        pack = pack.subspan(newline + 1 + size);
    }
    return std::nullopt;
}

}  // namespace gadget::vm_tests
