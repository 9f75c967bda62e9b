// SPDX-License-Identifier: Apache-2.0
// The tree of a pattern, between pattern_parser.cpp and the program that pattern.cpp makes of it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pattern.h"

namespace gadget::events::detail {

struct PatternTree {
    enum class Kind : std::uint8_t { empty, set, assertion, sequence, choice, repeat } kind = Kind::empty;
    std::vector<Regex::Range> ranges;
    Regex::Assertion assertion = Regex::Assertion::text_begin;
    std::vector<PatternTree> parts;
    int least = 0;
    int most = -1;  ///< -1 = any number
};

Result<PatternTree> parse_pattern(std::string_view pattern);

}  // namespace gadget::events::detail
