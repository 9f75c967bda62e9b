// SPDX-License-Identifier: Apache-2.0
// One walk over the types of a BTF section, without an index: it is done once, and only for gadgets with
// enums.
#include "kernel_enums.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace gadget::session {
namespace {

// struct btf_header and struct btf_type, include/uapi/linux/btf.h.
constexpr std::uint16_t kMagic = 0xeb9f;
constexpr std::size_t kHeaderSize = 24;
constexpr std::size_t kTypeSize = 12;
constexpr std::size_t kMaxEnumerators = 65536;

enum Kind : std::uint32_t {
    integer = 1,
    array = 3,
    structure = 4,
    union_kind = 5,
    enumeration = 6,
    function_prototype = 13,
    variable = 14,
    data_section = 15,
    declaration_tag = 17,
    enumeration64 = 19,
};

std::uint32_t word(std::span<const std::byte> bytes, std::size_t at) {
    std::uint32_t value = 0;
    if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

std::string_view name_at(std::span<const std::byte> strings, std::uint32_t offset) {
    if (offset >= strings.size()) return {};
    const auto* text = reinterpret_cast<const char*>(strings.data()) + offset;
    return {text, ::strnlen(text, strings.size() - offset)};
}

/// Bytes after a type's fixed part.
std::size_t tail_size(std::uint32_t kind, std::size_t count) {
    switch (kind) {
        case integer:
        case variable:
        case declaration_tag:
            return 4;
        case array:
            return 12;
        case structure:
        case union_kind:
        case data_section:
        case enumeration64:
            return count * 12;
        case enumeration:
        case function_prototype:
            return count * 8;
        default:
            return 0;
    }
}

std::vector<model::Enumerator> read_enumerators(std::span<const std::byte> tail,
                                                std::span<const std::byte> strings, bool wide, bool is_signed,
                                                std::size_t count) {
    std::vector<model::Enumerator> enumerators;
    const std::size_t step = wide ? 12 : 8;
    for (std::size_t i = 0; i < count && i < kMaxEnumerators; ++i) {
        const std::size_t at = i * step;
        std::uint64_t value = word(tail, at + 4);
        if (wide) value |= std::uint64_t{word(tail, at + 8)} << 32;
        if (!wide && is_signed)
            value = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(value)});
        enumerators.push_back(
            {std::string(name_at(strings, word(tail, at))), static_cast<std::int64_t>(value)});
    }
    return enumerators;
}

struct Sections {
    std::span<const std::byte> types;
    std::span<const std::byte> strings;
};

std::optional<Sections> sections_of(std::span<const std::byte> btf) {
    if (btf.size() < kHeaderSize || (word(btf, 0) & 0xffff) != kMagic) return std::nullopt;
    const auto part = [&](std::size_t offset_at) -> std::optional<std::span<const std::byte>> {
        const std::uint64_t begin = std::uint64_t{word(btf, 4)} + word(btf, offset_at);
        const std::uint64_t size = word(btf, offset_at + 4);
        if (begin > btf.size() || size > btf.size() - begin) return std::nullopt;
        return btf.subspan(begin, size);
    };
    const auto types = part(8);
    const auto strings = part(16);
    if (!types || !strings) return std::nullopt;
    return Sections{*types, *strings};
}

}  // namespace

EnumTable find_enums(std::span<const std::byte> btf, const std::set<std::string>& wanted) {
    EnumTable found;
    const auto sections = sections_of(btf);
    if (!sections) return found;
    std::size_t at = 0;
    while (at + kTypeSize <= sections->types.size() && found.size() < wanted.size()) {
        const std::uint32_t info = word(sections->types, at + 4);
        const std::uint32_t kind = (info >> 24) & 0x1f;
        const std::size_t count = info & 0xffff;
        const std::size_t tail = tail_size(kind, count);
        if (tail > sections->types.size() - at - kTypeSize) break;
        if ((kind == enumeration || kind == enumeration64) && count > 0) {
            std::string name(name_at(sections->strings, word(sections->types, at)));
            if (wanted.contains(name)) {
                found.emplace(std::move(name), read_enumerators(sections->types.subspan(at + kTypeSize, tail),
                                                                sections->strings, kind == enumeration64,
                                                                (info >> 31) != 0, count));
            }
        }
        at += kTypeSize + tail;
    }
    return found;
}

}  // namespace gadget::session
