// SPDX-License-Identifier: Apache-2.0
// Regular expressions in the syntax of RE2 (without Unicode classes), matched by simulating all alternatives
// at once: time grows with pattern times text, whatever the pattern, and matching allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::events::detail {

class Regex {
  public:
    /// `rejected_input` with the position when the pattern is malformed, uses an unknown escape or is too
    /// large.
    static Result<Regex> compile(std::string_view pattern);

    /// Whether the pattern matches somewhere in `text`.
    [[nodiscard]] bool search(std::string_view text);

    struct Range {
        char32_t first;
        char32_t last;
    };
    enum class Code : std::uint8_t { range_set, split, jump, assertion, match };
    enum class Assertion : std::uint8_t { text_begin, text_end, line_begin, line_end, word, not_word };
    struct Instruction {
        Code code = Code::match;
        Assertion assertion = Assertion::text_begin;
        std::uint32_t next = 0;   ///< where to go on
        std::uint32_t other = 0;  ///< split: the second way
        std::uint32_t set = 0;    ///< range_set: index in sets_
    };

  private:
    /// Instructions to try at one position: a set with constant-time insert, test and clear.
    struct Threads {
        std::vector<std::uint32_t> dense;
        std::vector<std::uint32_t> sparse;
        std::size_t size = 0;
        void resize(std::size_t count);
        bool insert(std::uint32_t value);
    };
    struct Place {
        bool at_begin, at_end, word_before, word_after, newline_before, newline_after;
    };

    bool add(Threads& threads, std::uint32_t start, const Place& place);
    [[nodiscard]] bool in_set(std::uint32_t set, char32_t c) const;

    std::vector<Instruction> program_;
    std::vector<std::vector<Range>> sets_;
    std::uint32_t start_ = 0;
    Threads current_;
    Threads following_;
    std::vector<std::uint32_t> stack_;
};

}  // namespace gadget::events::detail
