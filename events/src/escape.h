// SPDX-License-Identifier: Apache-2.0
// Bytes of strangers as text: for JSON (control characters, quotes and bytes that are not UTF-8 escaped as
// Go's encoder does) and for terminals (nothing that could move the cursor).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gadget::events::detail {

/// Each input byte becomes at most this many; besides, up to 8 bytes after the result may be overwritten.
inline constexpr std::size_t kMaxEscape = 6;
inline constexpr std::size_t kEscapeSlack = 8;

/// Escapes `size` bytes, without quotes; returns the end of the text.
char* write_json(char* out, const unsigned char* from, std::size_t size);
char* write_terminal(char* out, const unsigned char* from, std::size_t size);
/// The same up to the first NUL.
char* write_json_c_string(char* out, const unsigned char* from, std::size_t size);
char* write_terminal_c_string(char* out, const unsigned char* from, std::size_t size);

[[nodiscard]] std::string json_escaped(std::string_view text);
[[nodiscard]] std::string terminal_escaped(std::string_view text);

/// Terminal cells of text that write_terminal() made: 2 for wide East Asian characters, 0 for combining
/// marks, else 1.
[[nodiscard]] unsigned char_cells(char32_t character);
/// Decodes the character at `from` (size > 0); `length` gets its bytes, 1 with character 0xFFFD when it is
/// not UTF-8.
char32_t decode_utf8(const unsigned char* from, std::size_t size, std::size_t& length);

}  // namespace gadget::events::detail
