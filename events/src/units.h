// SPDX-License-Identifier: Apache-2.0
// Numbers in words: sizes, durations, file modes and flags, addresses, floats. Each writes at most kMaxUnit
// bytes and returns the end. The forms are those of the Go libraries that Inspektor Gadget prints with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gadget/model/platform.h"

namespace gadget::events::detail {

inline constexpr std::size_t kMaxUnit = 352;

char* write_size(char* out, std::uint64_t bytes);            ///< "82 kB", "1.5 MB"
char* write_duration(char* out, std::uint64_t nanoseconds);  ///< "15ns", "1.50µs", "2.05ms", "1m3.5s"
char* write_file_mode(char* out, std::uint32_t mode);        ///< "-rw-r--r--"
char* write_file_flags(char* out, std::uint32_t flags, model::Arch arch);  ///< "O_RDONLY|O_CLOEXEC"
char* write_ipv4(char* out, const unsigned char* address);
char* write_ipv6(char* out, const unsigned char* address);  ///< RFC 5952; IPv4-mapped ones as IPv4
/// Shortest form that reads back the same, as ECMAScript prints it; `null` when it is not a finite number.
char* write_double(char* out, double value);
char* write_float(char* out, float value);
char* write_fixed(char* out, double value, int precision);

}  // namespace gadget::events::detail
