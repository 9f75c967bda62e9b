// SPDX-License-Identifier: Apache-2.0
#include "units.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
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

/// A name in a block of fixed size, copied whole.
struct FlagName {
    char text[15];
    unsigned char size;
};

template <std::size_t kSize>
constexpr FlagName flag_name(const char (&text)[kSize]) {
    static_assert(kSize - 1 <= sizeof(FlagName::text));
    FlagName name{};
    for (std::size_t i = 0; i + 1 < kSize; ++i) name.text[i] = text[i];
    name.size = kSize - 1;
    return name;
}

/// From bit 6 (octal 0100) on. Four flags have other bits on arm64: arch/arm64/include/uapi/asm/fcntl.h of
/// Linux.
constexpr FlagName kFileFlags[][14] = {
    {flag_name("|O_CREAT"), flag_name("|O_EXCL"), flag_name("|O_NOCTTY"), flag_name("|O_TRUNC"),
     flag_name("|O_APPEND"), flag_name("|O_NONBLOCK"), flag_name("|O_DSYNC"), flag_name("|O_FASYNC"),
     flag_name("|O_DIRECT"), flag_name("|O_LARGEFILE"), flag_name("|O_DIRECTORY"), flag_name("|O_NOFOLLOW"),
     flag_name("|O_NOATIME"), flag_name("|O_CLOEXEC")},
    {flag_name("|O_CREAT"), flag_name("|O_EXCL"), flag_name("|O_NOCTTY"), flag_name("|O_TRUNC"),
     flag_name("|O_APPEND"), flag_name("|O_NONBLOCK"), flag_name("|O_DSYNC"), flag_name("|O_FASYNC"),
     flag_name("|O_DIRECTORY"), flag_name("|O_NOFOLLOW"), flag_name("|O_DIRECT"), flag_name("|O_LARGEFILE"),
     flag_name("|O_NOATIME"), flag_name("|O_CLOEXEC")},
};
constexpr unsigned kFirstFlag = 6;
constexpr std::uint32_t kFlagMask = ((1U << std::size(kFileFlags[0])) - 1) << kFirstFlag;
constexpr FlagName kAccess[] = {flag_name("O_RDONLY"), flag_name("O_WRONLY"), flag_name("O_RDWR"),
                                flag_name("O_ACCMODE")};

char* write_flag(char* out, const FlagName& name) {
    std::memcpy(out, name.text, sizeof name.text);
    return out + name.size;
}

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
    constexpr char kTriples[8][5] = {"--- ", "--x ", "-w- ", "-wx ", "r-- ", "r-x ", "rw- ", "rwx "};
    *out++ = '-';
    std::memcpy(out, kTriples[mode >> 6 & 7], 4);
    std::memcpy(out + 3, kTriples[mode >> 3 & 7], 4);
    std::memcpy(out + 6, kTriples[mode & 7], 4);
    return out + 9;
}

char* write_file_flags(char* out, std::uint32_t flags, model::Arch arch) {
    const FlagName(&names)[14] = kFileFlags[arch == model::Arch::arm64 ? 1 : 0];
    out = write_flag(out, kAccess[flags & 3]);
    for (std::uint32_t bits = flags & kFlagMask; bits != 0; bits &= bits - 1) {
        out = write_flag(out, names[static_cast<unsigned>(std::countr_zero(bits)) - kFirstFlag]);
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
