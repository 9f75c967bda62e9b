// SPDX-License-Identifier: Apache-2.0
// Eight bytes at a time: a word without special bytes is copied as it is, otherwise the position of its first
// special byte comes out of the same arithmetic.
#include "escape.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "numbers.h"

namespace gadget::events::detail {
namespace {

static_assert(std::endian::native == std::endian::little, "records are read in little-endian order");

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

/// High bit set in each byte of `word` that is below `limit` (<= 0x80); only the lowest set bit is exact.
constexpr std::uint64_t below(std::uint64_t word, std::uint64_t limit) {
    return (word - kOnes * limit) & ~word & kHighs;
}
constexpr std::uint64_t equal(std::uint64_t word, std::uint64_t byte) {
    return below(word ^ (kOnes * byte), 1);
}

struct Json {
    static std::uint64_t special(std::uint64_t word) {
        return below(word, 0x20) | equal(word, '"') | equal(word, '\\') | (word & kHighs);
    }
    static bool is_special(unsigned char c) { return c < 0x20 || c == '"' || c == '\\' || c >= 0x80; }

    static char* unicode(char* out, unsigned value) {
        constexpr char kHex[] = "0123456789abcdef";
        std::memcpy(out, "\\u", 2);
        for (unsigned i = 0; i < 4; ++i) out[2 + i] = kHex[(value >> (12 - 4 * i)) & 15];
        return out + 6;
    }
    static char* ascii(char* out, unsigned char c) {
        char letter = 0;
        switch (c) {
            case '"':
                letter = '"';
                break;
            case '\\':
                letter = '\\';
                break;
            case '\b':
                letter = 'b';
                break;
            case '\f':
                letter = 'f';
                break;
            case '\n':
                letter = 'n';
                break;
            case '\r':
                letter = 'r';
                break;
            case '\t':
                letter = 't';
                break;
            default:
                return unicode(out, c);
        }
        out[0] = '\\';
        out[1] = letter;
        return out + 2;
    }
    static char* invalid(char* out, unsigned char) { return unicode(out, 0xfffd); }
    /// Line separators as Go does; C1 controls because terminals obey them.
    static bool escapes(char32_t c) { return c < 0xa0 || c == 0x2028 || c == 0x2029; }
    static char* escaped(char* out, char32_t c) { return unicode(out, static_cast<unsigned>(c)); }
};

struct Terminal {
    static std::uint64_t special(std::uint64_t word) {
        return below(word, 0x20) | equal(word, 0x7f) | (word & kHighs);
    }
    static bool is_special(unsigned char c) { return c < 0x20 || c >= 0x7f; }

    static char* byte(char* out, unsigned c) {
        constexpr char kHex[] = "0123456789abcdef";
        out[0] = '\\';
        out[1] = 'x';
        out[2] = kHex[(c >> 4) & 15];
        out[3] = kHex[c & 15];
        return out + 4;
    }
    static char* ascii(char* out, unsigned char c) {
        const char letter = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : '\0';
        if (letter == '\0') return byte(out, c);
        out[0] = '\\';
        out[1] = letter;
        return out + 2;
    }
    static char* invalid(char* out, unsigned char) {
        std::memcpy(out, "\xef\xbf\xbd", 3);
        return out + 3;
    }
    /// C1 controls, and the marks that change the direction of the text around them.
    static bool escapes(char32_t c) {
        return c < 0xa0 || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
               (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
    }
    static char* escaped(char* out, char32_t c) {
        return c < 0x100 ? byte(out, static_cast<unsigned>(c)) : invalid(out, 0);
    }
};

/// Handles the special character at `from`; advances `from`.
template <class Style>
char* write_special(char* out, const unsigned char*& from, const unsigned char* end) {
    const unsigned char c = *from;
    if (c < 0x80) {
        ++from;
        return Style::ascii(out, c);
    }
    std::size_t length = 0;
    const char32_t character = decode_utf8(from, static_cast<std::size_t>(end - from), length);
    if (length == 1) {
        ++from;
        return Style::invalid(out, c);
    }
    if (Style::escapes(character)) {
        from += length;
        return Style::escaped(out, character);
    }
    std::memcpy(out, from, length);
    from += length;
    return out + length;
}

template <class Style, bool kStopAtNul>
char* write_escaped(char* out, const unsigned char* from, std::size_t size) {
    const unsigned char* const end = from + size;
    while (end - from >= 8) {
        const auto word = load<std::uint64_t>(from);
        std::memcpy(out, &word, 8);
        const std::uint64_t special = Style::special(word);
        if (special == 0) {
            from += 8;
            out += 8;
            continue;
        }
        const int plain = std::countr_zero(special) >> 3;
        from += plain;
        out += plain;
        if (kStopAtNul && *from == 0) return out;
        out = write_special<Style>(out, from, end);
    }
    while (from < end) {
        if (kStopAtNul && *from == 0) return out;
        if (Style::is_special(*from)) {
            out = write_special<Style>(out, from, end);
        } else {
            *out++ = static_cast<char>(*from++);
        }
    }
    return out;
}

template <class Write>
std::string to_text(std::string_view text, Write write) {
    std::string escaped(text.size() * kMaxEscape + kEscapeSlack, '\0');
    const char* end = write(escaped.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
    escaped.resize(static_cast<std::size_t>(end - escaped.data()));
    return escaped;
}

struct Range {
    char32_t first;
    char32_t last;
};

constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},  {0x3400, 0x4dbf},
                           {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97f},  {0xac00, 0xd7a3},
                           {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6},
                           {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
constexpr Range kCombining[] = {{0x0300, 0x036f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d},
                                {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef}};

}  // namespace

char32_t decode_utf8(const unsigned char* from, std::size_t size, std::size_t& length) {
    constexpr char32_t kInvalid = 0xfffd;
    const unsigned char lead = from[0];
    length = 1;
    if (lead < 0x80) return lead;
    const std::size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || size < wanted) return kInvalid;
    char32_t value = lead & (0x7fU >> wanted);
    for (std::size_t i = 1; i < wanted; ++i) {
        if ((from[i] & 0xc0) != 0x80) return kInvalid;
        value = value << 6 | (from[i] & 0x3fU);
    }
    const bool overlong = (wanted == 3 && value < 0x800) || (wanted == 4 && value < 0x10000);
    if (overlong || (value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) return kInvalid;
    length = wanted;
    return value;
}

char* write_json(char* out, const unsigned char* from, std::size_t size) {
    return write_escaped<Json, false>(out, from, size);
}
char* write_terminal(char* out, const unsigned char* from, std::size_t size) {
    return write_escaped<Terminal, false>(out, from, size);
}
char* write_json_c_string(char* out, const unsigned char* from, std::size_t size) {
    return write_escaped<Json, true>(out, from, size);
}
char* write_terminal_c_string(char* out, const unsigned char* from, std::size_t size) {
    return write_escaped<Terminal, true>(out, from, size);
}

std::string json_escaped(std::string_view text) {
    return to_text(text, write_json);
}
std::string terminal_escaped(std::string_view text) {
    return to_text(text, write_terminal);
}

unsigned char_cells(char32_t character) {
    if (character < 0x300) return 1;
    for (const Range& range : kCombining) {
        if (character >= range.first && character <= range.last) return 0;
    }
    for (const Range& range : kWide) {
        if (character >= range.first && character <= range.last) return 2;
    }
    return 1;
}

}  // namespace gadget::events::detail
