// SPDX-License-Identifier: Apache-2.0
#include "units.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

#include "numbers.h"

namespace gadget::events::detail {
namespace {

char* write_text(char* out, std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

/// `value` with two decimals, as C's "%.2f".
char* write_two_decimals(char* out, double value) {
    return std::to_chars(out, out + 64, value, std::chars_format::fixed, 2).ptr;
}

/// Seconds with the fraction that is there, without trailing zeros: "3.5s".
char* write_seconds(char* out, std::uint64_t nanoseconds) {
    out = write_unsigned(out, nanoseconds / 1000000000);
    auto fraction = static_cast<std::uint32_t>(nanoseconds % 1000000000);
    if (fraction != 0) {
        unsigned digits = 9;
        for (; fraction % 10 == 0; fraction /= 10) --digits;
        *out++ = '.';
        out = write_padded(out, fraction, digits);
    }
    *out++ = 's';
    return out;
}

struct Flag {
    std::uint32_t bit;
    std::string_view name;
};

constexpr Flag kFileFlags[] = {
    {0100, "O_CREAT"},       {0200, "O_EXCL"},         {0400, "O_NOCTTY"},       {01000, "O_TRUNC"},
    {02000, "O_APPEND"},     {04000, "O_NONBLOCK"},    {010000, "O_DSYNC"},      {020000, "O_FASYNC"},
    {040000, "O_DIRECT"},    {0100000, "O_LARGEFILE"}, {0200000, "O_DIRECTORY"}, {0400000, "O_NOFOLLOW"},
    {01000000, "O_NOATIME"}, {02000000, "O_CLOEXEC"},
};

/// ECMAScript writes plain digits for 1e-6 <= |value| < 1e21 and "1e-7" beyond; to_chars pads the exponent.
template <class Float>
char* write_shortest(char* out, Float value) {
    if (!std::isfinite(value)) return write_text(out, "null");
    const Float size = std::fabs(value);
    if (size == 0 || (size >= static_cast<Float>(1e-6) && size < static_cast<Float>(1e21))) {
        return std::to_chars(out, out + kMaxUnit, value, std::chars_format::fixed).ptr;
    }
    char* end = std::to_chars(out, out + kMaxUnit, value, std::chars_format::scientific).ptr;
    if (end - out > 4 && end[-2] == '0' && (end[-3] == '-' || end[-3] == '+')) {
        end[-2] = end[-1];
        --end;
    }
    return end;
}

}  // namespace

char* write_size(char* out, std::uint64_t bytes) {
    constexpr std::string_view kUnits[] = {" B", " kB", " MB", " GB", " TB", " PB", " EB"};
    if (bytes < 1000) return write_text(write_unsigned(out, bytes), kUnits[0]);
    unsigned exponent = 1;
    while (exponent < 6 && bytes >= kPowersOf10[3 * (exponent + 1)]) ++exponent;
    const std::uint64_t unit = kPowersOf10[3 * exponent];
    const std::uint64_t tenths = bytes / unit * 10 + (bytes % unit * 10 + unit / 2) / unit;
    std::uint64_t whole = tenths / 10;
    const std::uint64_t rest = tenths % 10;
    if (whole < 10) {
        out = write_unsigned(out, whole);
        *out++ = '.';
        *out++ = static_cast<char>('0' + rest);
    } else {
        if (rest > 5 || (rest == 5 && whole % 2 == 1)) ++whole;  // halves to even, as printf rounds them
        out = write_unsigned(out, whole);
    }
    return write_text(out, kUnits[exponent]);
}

char* write_duration(char* out, std::uint64_t nanoseconds) {
    if (nanoseconds > 0x7fffffffffffffffU)
        return write_text(write_signed(out, static_cast<std::int64_t>(nanoseconds)), "ns");
    if (nanoseconds < 1000) return write_text(write_unsigned(out, nanoseconds), "ns");
    if (nanoseconds < 1000000) {
        return write_text(write_two_decimals(out, static_cast<double>(nanoseconds) / 1e3), "\xc2\xb5s");
    }
    if (nanoseconds < 1000000000) {
        return write_text(write_two_decimals(out, static_cast<double>(nanoseconds) / 1e6), "ms");
    }
    constexpr std::uint64_t kMinute = 60ULL * 1000000000;
    const std::uint64_t hours = nanoseconds / (60 * kMinute);
    if (hours > 0) out = write_text(write_unsigned(out, hours), "h");
    if (nanoseconds >= kMinute) out = write_text(write_unsigned(out, nanoseconds / kMinute % 60), "m");
    return write_seconds(out, nanoseconds % kMinute);
}

char* write_file_mode(char* out, std::uint32_t mode) {
    constexpr std::string_view kLetters = "rwxrwxrwx";
    *out++ = '-';
    for (unsigned i = 0; i < 9; ++i) *out++ = (mode >> (8 - i) & 1) != 0 ? kLetters[i] : '-';
    return out;
}

char* write_file_flags(char* out, std::uint32_t flags) {
    constexpr std::string_view kAccess[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
    out = write_text(out, kAccess[flags & 3]);
    for (const Flag& flag : kFileFlags) {
        if ((flags & flag.bit) == 0) continue;
        *out++ = '|';
        out = write_text(out, flag.name);
    }
    return out;
}

char* write_ipv4(char* out, const unsigned char* address) {
    for (unsigned i = 0; i < 4; ++i) {
        if (i > 0) *out++ = '.';
        out = write_unsigned(out, address[i]);
    }
    return out;
}

char* write_ipv6(char* out, const unsigned char* address) {
    constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(address, kMapped, sizeof kMapped) == 0) return write_ipv4(out, address + 12);
    unsigned groups[8];
    for (unsigned i = 0; i < 8; ++i)
        groups[i] = static_cast<unsigned>(address[2 * i] << 8 | address[2 * i + 1]);
    // The longest run of two or more zero groups becomes "::"; the first one wins.
    unsigned gap = 8;
    unsigned gap_length = 1;
    for (unsigned i = 0; i < 8; ++i) {
        unsigned length = 0;
        while (i + length < 8 && groups[i + length] == 0) ++length;
        if (length > gap_length) {
            gap = i;
            gap_length = length;
        }
        i += length;
    }
    for (unsigned i = 0; i < 8; ++i) {
        if (i == gap) {
            *out++ = ':';
            *out++ = ':';
            i += gap_length - 1;
            continue;
        }
        if (i > 0 && out[-1] != ':') *out++ = ':';
        out = write_hex(out, groups[i]);
    }
    return out;
}

char* write_double(char* out, double value) {
    return write_shortest(out, value);
}
char* write_float(char* out, float value) {
    return write_shortest(out, value);
}

char* write_fixed(char* out, double value, int precision) {
    if (!std::isfinite(value))
        return write_text(out, std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
    return std::to_chars(out, out + kMaxUnit, value, std::chars_format::fixed, precision).ptr;
}

}  // namespace gadget::events::detail
