// SPDX-License-Identifier: Apache-2.0
// Pattern -> tree -> program. Counted repetitions copy their operand, so the size of the program is bounded.
#include "pattern.h"

#include <algorithm>
#include <memory>

#include "escape.h"
#include "gadget/support/text.h"
#include "pattern_tree.h"

namespace gadget::events::detail {
namespace {

using Range = Regex::Range;

constexpr std::size_t kMaxProgram = 20000;
constexpr std::size_t kMaxPattern = 4096;

class Emitter {
  public:
    std::vector<Regex::Instruction> program;
    std::vector<std::vector<Range>> sets;

    /// Appends the program of `tree`, which goes on at `next`; returns its start. Built from the end
    /// backwards.
    std::uint32_t emit(const PatternTree& tree, std::uint32_t next) {
        if (program.size() > kMaxProgram) return next;
        switch (tree.kind) {
            case PatternTree::Kind::empty:
                return next;
            case PatternTree::Kind::set:
                sets.push_back(tree.ranges);
                return push({.code = Regex::Code::range_set,
                             .next = next,
                             .set = static_cast<std::uint32_t>(sets.size() - 1)});
            case PatternTree::Kind::assertion:
                return push({.code = Regex::Code::assertion, .assertion = tree.assertion, .next = next});
            case PatternTree::Kind::sequence:
                for (auto part = tree.parts.rbegin(); part != tree.parts.rend(); ++part)
                    next = emit(*part, next);
                return next;
            case PatternTree::Kind::choice: {
                std::uint32_t start = emit(tree.parts.back(), next);
                for (std::size_t i = tree.parts.size() - 1; i-- > 0;) {
                    start =
                        push({.code = Regex::Code::split, .next = emit(tree.parts[i], next), .other = start});
                }
                return start;
            }
            case PatternTree::Kind::repeat:
                return emit_repeat(tree, next);
        }
        return next;
    }

    std::uint32_t push(const Regex::Instruction& instruction) {
        program.push_back(instruction);
        return static_cast<std::uint32_t>(program.size() - 1);
    }

  private:
    std::uint32_t emit_repeat(const PatternTree& tree, std::uint32_t next) {
        const PatternTree& part = tree.parts.front();
        if (tree.most < 0) {
            const std::uint32_t loop = push({.code = Regex::Code::split, .next = 0, .other = next});
            const std::uint32_t body = emit(part, loop);
            program[loop].next = body;
            next = loop;
        } else {
            for (int i = tree.least; i < tree.most && program.size() <= kMaxProgram; ++i) {
                next = push({.code = Regex::Code::split, .next = emit(part, next), .other = next});
            }
        }
        for (int i = 0; i < tree.least && program.size() <= kMaxProgram; ++i) next = emit(part, next);
        return next;
    }
};

bool is_word(char32_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

Result<Regex> Regex::compile(std::string_view pattern) {
    if (pattern.size() > kMaxPattern) {
        return Error{.code = ErrorCode::rejected_input, .message = "the pattern is longer than 4096 bytes"};
    }
    GADGET_TRY_ASSIGN(const PatternTree tree, parse_pattern(pattern));
    Emitter emitter;
    const std::uint32_t match = emitter.push({.code = Code::match});
    Regex regex;
    regex.start_ = emitter.emit(tree, match);
    if (emitter.program.size() > kMaxProgram) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "pattern '" + printable(pattern) + "': its repetitions make it too large"};
    }
    regex.program_ = std::move(emitter.program);
    regex.sets_ = std::move(emitter.sets);
    regex.current_.resize(regex.program_.size());
    regex.following_.resize(regex.program_.size());
    regex.stack_.reserve(regex.program_.size() * 2 + 2);
    return regex;
}

void Regex::Threads::resize(std::size_t count) {
    dense.assign(count, 0);
    sparse.assign(count, 0);
    size = 0;
}

bool Regex::Threads::insert(std::uint32_t value) {
    const std::uint32_t slot = sparse[value];
    if (slot < size && dense[slot] == value) return false;
    sparse[value] = static_cast<std::uint32_t>(size);
    dense[size++] = value;
    return true;
}

bool Regex::in_set(std::uint32_t set, char32_t c) const {
    for (const Range& range : sets_[set]) {
        if (c >= range.first && c <= range.last) return true;
    }
    return false;
}

/// Adds `start` and all that it reaches without a character; true when that includes the end of the pattern.
bool Regex::add(Threads& threads, std::uint32_t start, const Place& place) {
    stack_.clear();
    stack_.push_back(start);
    while (!stack_.empty()) {
        const std::uint32_t index = stack_.back();
        stack_.pop_back();
        if (!threads.insert(index)) continue;
        const Instruction& instruction = program_[index];
        switch (instruction.code) {
            case Code::match:
                return true;
            case Code::range_set:
                break;
            case Code::jump:
                stack_.push_back(instruction.next);
                break;
            case Code::split:
                stack_.push_back(instruction.other);
                stack_.push_back(instruction.next);
                break;
            case Code::assertion: {
                bool holds = false;
                switch (instruction.assertion) {
                    case Assertion::text_begin:
                        holds = place.at_begin;
                        break;
                    case Assertion::text_end:
                        holds = place.at_end;
                        break;
                    case Assertion::line_begin:
                        holds = place.at_begin || place.newline_before;
                        break;
                    case Assertion::line_end:
                        holds = place.at_end || place.newline_after;
                        break;
                    case Assertion::word:
                        holds = place.word_before != place.word_after;
                        break;
                    case Assertion::not_word:
                        holds = place.word_before == place.word_after;
                        break;
                }
                if (holds) stack_.push_back(instruction.next);
                break;
            }
        }
    }
    return false;
}

bool Regex::search(std::string_view text) {
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    current_.size = 0;
    char32_t before = 0;
    std::size_t at = 0;
    while (true) {
        std::size_t length = 0;
        const bool at_end = at >= text.size();
        const char32_t c = at_end ? 0 : decode_utf8(data + at, text.size() - at, length);
        const Place here{.at_begin = at == 0,
                         .at_end = at_end,
                         .word_before = at > 0 && is_word(before),
                         .word_after = !at_end && is_word(c),
                         .newline_before = at > 0 && before == '\n',
                         .newline_after = !at_end && c == '\n'};
        // The threads that came here by a character, then one that starts here.
        following_.size = 0;
        for (std::size_t i = 0; i < current_.size; ++i) {
            if (add(following_, current_.dense[i], here)) return true;
        }
        if (add(following_, start_, here)) return true;
        if (at_end) return false;
        current_.size = 0;
        for (std::size_t i = 0; i < following_.size; ++i) {
            const Instruction& instruction = program_[following_.dense[i]];
            if (instruction.code == Code::range_set && in_set(instruction.set, c))
                (void)current_.insert(instruction.next);
        }
        before = c;
        at += length;
    }
}

}  // namespace gadget::events::detail
