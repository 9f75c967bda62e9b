// SPDX-License-Identifier: Apache-2.0
// Packet filters that users write in the language of tcpdump, for gadgets with GADGET_PF().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::session {

/// An instruction of the classic packet filter language (struct sock_filter, include/uapi/linux/filter.h).
struct ClassicInstruction {
    std::uint16_t code = 0;
    std::uint8_t jump_true = 0;
    std::uint8_t jump_false = 0;
    std::uint32_t k = 0;
};
using ClassicFilter = std::vector<ClassicInstruction>;

/// Makes a filter for Ethernet packets of an expression; `invalid_argument` says what is wrong with it. The
/// caller's: this library knows no expression language.
using FilterCompiler = std::function<Result<ClassicFilter>(const std::string& expression)>;

}  // namespace gadget::session
