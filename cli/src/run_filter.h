// SPDX-License-Identifier: Apache-2.0
// Packet filters in the language of tcpdump: gadget-filter compiles them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "gadget/session/packet_filter.h"

namespace gadget::cli {

/// gadget-filter beside this executable or in PATH.
std::optional<std::filesystem::path> find_filter_program();

/// Runs `program`, which find_filter_program() found. Errors: `unsupported` when there is none,
/// `invalid_argument` with libpcap's words.
Result<session::ClassicFilter> compile_packet_filter(const std::optional<std::filesystem::path>& program,
                                                     const std::string& expression);

/// What gadget-filter prints; `corrupt_data` for anything else.
Result<session::ClassicFilter> parse_classic_filter(std::string_view text);

}  // namespace gadget::cli
