// SPDX-License-Identifier: Apache-2.0
// Integers as decimal text, two digits at a time. The caller guarantees room: 20 bytes for 64 bits, plus a
// sign.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace gadget::events::detail {

inline constexpr std::array<char, 200> kDigitPairs = [] {
    std::array<char, 200> pairs{};
    for (unsigned i = 0; i < 100; ++i) {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}();

inline constexpr std::array<std::uint64_t, 20> kPowersOf10 = [] {
    std::array<std::uint64_t, 20> powers{};
    std::uint64_t power = 1;
    for (std::uint64_t& value : powers) {
        value = power;
        power *= 10;
    }
    return powers;
}();

inline unsigned decimal_digits(std::uint64_t value) {
    const auto bits = static_cast<unsigned>(64 - std::countl_zero(value | 1));
    const unsigned guess = bits * 1233 >> 12;  // bits * log10(2)
    return guess + (value >= kPowersOf10[guess] ? 1U : 0U) + (value == 0 ? 1U : 0U);
}

template <class Unsigned>
inline char* write_digits(char* out, Unsigned value, unsigned digits) {
    char* p = out + digits;
    while (value >= 100) {
        const auto pair = static_cast<unsigned>(value % 100);
        value /= 100;
        p -= 2;
        std::memcpy(p, &kDigitPairs[pair * 2], 2);
    }
    if (value >= 10) {
        std::memcpy(p - 2, &kDigitPairs[static_cast<unsigned>(value) * 2], 2);
    } else {
        p[-1] = static_cast<char>('0' + static_cast<unsigned>(value));
    }
    return out + digits;
}

inline char* write_unsigned(char* out, std::uint64_t value) {
    if (value < 10) {
        *out = static_cast<char>('0' + value);
        return out + 1;
    }
    const unsigned digits = decimal_digits(value);
    if (value <= 0xffffffffU) return write_digits(out, static_cast<std::uint32_t>(value), digits);
    return write_digits(out, value, digits);
}

inline char* write_signed(char* out, std::int64_t value) {
    if (value >= 0) return write_unsigned(out, static_cast<std::uint64_t>(value));
    *out = '-';
    return write_unsigned(out + 1, std::uint64_t{0} - static_cast<std::uint64_t>(value));
}

/// Exactly `digits` digits, with leading zeros; value < 10^digits.
inline char* write_padded(char* out, std::uint32_t value, unsigned digits) {
    unsigned left = digits;
    while (left >= 2) {
        left -= 2;
        std::memcpy(out + left, &kDigitPairs[(value % 100) * 2], 2);
        value /= 100;
    }
    if (left == 1) *out = static_cast<char>('0' + value);
    return out + digits;
}

inline char* write_hex(char* out, std::uint64_t value) {
    constexpr char kHex[] = "0123456789abcdef";
    const unsigned digits = value == 0 ? 1 : static_cast<unsigned>(67 - std::countl_zero(value)) / 4;
    for (unsigned i = digits; i-- > 0; value >>= 4) out[i] = kHex[value & 15];
    return out + digits;
}

template <class T>
inline T load(const unsigned char* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
}

}  // namespace gadget::events::detail
