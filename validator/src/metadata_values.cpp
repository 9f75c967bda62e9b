// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>

#include "metadata.h"

namespace gadget::validator {
namespace {

using enum model::FieldKind;

// Numbers as Go's strconv reads them with base 0: 12, 0x1f, 0o17, 0b1, 1_000.
std::string without_base(std::string text, int& base) {
    std::erase(text, '_');
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.erase(0, 1);
    base = 10;
    if (text.size() > 2 && text[0] == '0') {
        const char mark = static_cast<char>(text[1] | 0x20);
        base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
        if (base != 10) text.erase(0, 2);
    }
    return (negative ? "-" : "") + text;
}

template <class Number>
std::optional<std::string> read_number(const std::string& text, int base, Number least, Number most) {
    Number value{};
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
    const bool fits = result.ec == std::errc{} && result.ptr == text.data() + text.size() && value >= least &&
                      value <= most;
    return fits ? std::optional(std::to_string(value)) : std::nullopt;
}

std::optional<std::string> read_boolean(std::string_view text) {
    for (const auto word : {"true", "1", "t", "T", "TRUE", "True"}) {
        if (text == word) return "true";
    }
    for (const auto word : {"false", "0", "f", "F", "FALSE", "False"}) {
        if (text == word) return "false";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> plain_value(const std::string& text, const model::Field& type) {
    if (type.kind == boolean) return read_boolean(text);
    const auto bits = type.element_size * 8;
    if ((type.kind != signed_int && type.kind != unsigned_int) || bits == 0 || bits > 64) return std::nullopt;
    int base = 10;
    const auto digits = without_base(text, base);
    if (type.kind == signed_int) {
        const auto most = std::numeric_limits<std::int64_t>::max() >> (64 - bits);
        return read_number<std::int64_t>(digits, base, -most - 1, most);
    }
    return read_number<std::uint64_t>(digits, base, 0,
                                      std::numeric_limits<std::uint64_t>::max() >> (64 - bits));
}

std::optional<std::string> initial_text(const model::VariableFacts& variable) {
    const auto& type = variable.type;
    if (type.is_array || !variable.is_const || variable.initial.size() != variable.size ||
        variable.size == 0 || variable.size > 8)
        return std::nullopt;
    std::uint64_t bits = 0;
    std::memcpy(&bits, variable.initial.data(), variable.initial.size());
    if (type.kind == boolean) return bits != 0 ? "true" : "false";
    if (type.kind == unsigned_int) return std::to_string(bits);
    if (type.kind != signed_int) return std::nullopt;
    const auto shift = 64 - variable.size * 8;
    return std::to_string(static_cast<std::int64_t>(bits << shift) >> shift);
}

}  // namespace gadget::validator
