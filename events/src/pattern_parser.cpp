// SPDX-License-Identifier: Apache-2.0
// Recursive descent over the syntax of RE2.
#include <algorithm>
#include <utility>

#include "escape.h"
#include "gadget/support/text.h"
#include "pattern_tree.h"

namespace gadget::events::detail {
namespace {

using Range = Regex::Range;
using Tree = PatternTree;

constexpr int kMaxRepeat = 1000;
constexpr int kMaxNesting = 100;
constexpr char32_t kLastCharacter = 0x10ffff;

struct Flags {
    bool ignore_case = false;
    bool multi_line = false;
    bool dot_newline = false;
};

std::vector<Range> invert(std::vector<Range> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
    std::vector<Range> rest;
    char32_t next = 0;
    for (const Range& range : ranges) {
        if (range.first > next) rest.push_back({next, range.first - 1});
        next = std::max<char32_t>(next, range.last + 1);
    }
    if (next <= kLastCharacter) rest.push_back({next, kLastCharacter});
    return rest;
}

/// Adds the other case of the ASCII letters in `ranges`.
void fold_case(std::vector<Range>& ranges) {
    const std::size_t count = ranges.size();
    for (std::size_t i = 0; i < count; ++i) {
        const Range range = ranges[i];
        for (const auto& [from, to] : {std::pair<char32_t, char32_t>{U'a', U'A'}, {U'A', U'a'}}) {
            const char32_t first = std::max(range.first, from);
            const char32_t last = std::min<char32_t>(range.last, from + 25);
            if (first <= last) ranges.push_back({first - from + to, last - from + to});
        }
    }
}

std::vector<Range> named_class(std::string_view name) {
    if (name == "alnum") return {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}};
    if (name == "alpha") return {{'A', 'Z'}, {'a', 'z'}};
    if (name == "ascii") return {{0, 0x7f}};
    if (name == "blank") return {{' ', ' '}, {'\t', '\t'}};
    if (name == "cntrl") return {{0, 0x1f}, {0x7f, 0x7f}};
    if (name == "digit") return {{'0', '9'}};
    if (name == "graph") return {{'!', '~'}};
    if (name == "lower") return {{'a', 'z'}};
    if (name == "print") return {{' ', '~'}};
    if (name == "punct") return {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}};
    if (name == "space") return {{'\t', '\r'}, {' ', ' '}};
    if (name == "upper") return {{'A', 'Z'}};
    if (name == "word") return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    if (name == "xdigit") return {{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
    return {};
}

class Parser {
  public:
    explicit Parser(std::string_view pattern) : pattern_(pattern) {}

    Result<Tree> parse() {
        Tree tree = parse_choice(0);
        if (!problem_.empty()) return fail(problem_);
        if (at_ < pattern_.size()) return fail("unexpected ')'");
        return tree;
    }

  private:
    Error fail(const std::string& why) const {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "pattern '" + printable(pattern_) + "': " + why + " at position " +
                                std::to_string(std::min(at_, pattern_.size()) + 1)};
    }
    Tree broken(std::string why) {
        if (problem_.empty()) problem_ = std::move(why);
        return {};
    }
    [[nodiscard]] bool done() const { return at_ >= pattern_.size() || !problem_.empty(); }
    bool take(std::string_view text) {
        if (!pattern_.substr(at_).starts_with(text)) return false;
        at_ += text.size();
        return true;
    }
    char32_t next_character() {
        std::size_t length = 0;
        const char32_t c = decode_utf8(reinterpret_cast<const unsigned char*>(pattern_.data() + at_),
                                       pattern_.size() - at_, length);
        at_ += length;
        return c;
    }

    Tree parse_choice(int depth) {
        if (depth > kMaxNesting) return broken("nested too deeply");
        const Flags outer = flags_;
        Tree choice{.kind = Tree::Kind::choice};
        choice.parts.push_back(parse_sequence(depth));
        while (!done() && take("|")) choice.parts.push_back(parse_sequence(depth));
        flags_ = outer;
        if (choice.parts.size() == 1) return std::move(choice.parts.front());
        return choice;
    }

    Tree parse_sequence(int depth) {
        Tree sequence{.kind = Tree::Kind::sequence};
        while (!done() && pattern_[at_] != '|' && pattern_[at_] != ')') {
            Tree part = parse_atom(depth);
            if (!problem_.empty()) break;
            sequence.parts.push_back(parse_repeats(std::move(part)));
        }
        return sequence;
    }

    Tree parse_repeats(Tree part) {
        bool repeated = false;
        while (!done()) {
            int least = 0;
            int most = -1;
            if (take("*")) {
            } else if (take("+")) {
                least = 1;
            } else if (take("?")) {
                most = 1;
            } else if (pattern_[at_] == '{' && parse_counts(least, most)) {
            } else {
                break;
            }
            if (repeated) return broken("a repetition of a repetition");
            if (most > kMaxRepeat || least > kMaxRepeat || (most >= 0 && least > most)) {
                return broken("a repetition count that is too large or reversed");
            }
            (void)take("?");  // lazy or not: the same texts match
            Tree repeat{.kind = Tree::Kind::repeat, .least = least, .most = most};
            repeat.parts.push_back(std::move(part));
            part = std::move(repeat);
            repeated = true;
        }
        return part;
    }

    bool parse_number(std::size_t& at, int& number) const {
        const std::size_t begin = at;
        number = 0;
        while (at < pattern_.size() && pattern_[at] >= '0' && pattern_[at] <= '9') {
            number = std::min(number * 10 + (pattern_[at] - '0'), kMaxRepeat + 1);
            ++at;
        }
        return at > begin;
    }

    /// "{2}", "{2,}", "{2,5}"; anything else is an ordinary brace.
    bool parse_counts(int& least, int& most) {
        std::size_t at = at_ + 1;
        if (!parse_number(at, least)) return false;
        most = least;
        if (at < pattern_.size() && pattern_[at] == ',') {
            ++at;
            if (!parse_number(at, most)) most = -1;
        }
        if (at >= pattern_.size() || pattern_[at] != '}') return false;
        at_ = at + 1;
        return true;
    }

    Tree make_set(std::vector<Range> ranges) const {
        if (flags_.ignore_case) fold_case(ranges);
        return {.kind = Tree::Kind::set, .ranges = std::move(ranges)};
    }
    static Tree make_assertion(Regex::Assertion assertion) {
        return {.kind = Tree::Kind::assertion, .assertion = assertion};
    }

    Tree parse_atom(int depth) {
        using enum Regex::Assertion;
        if (take("(")) return parse_group(depth);
        if (take("[")) return parse_class();
        if (take("\\")) return parse_escape();
        if (take(".")) {
            if (flags_.dot_newline) return {.kind = Tree::Kind::set, .ranges = {{0, kLastCharacter}}};
            return {.kind = Tree::Kind::set, .ranges = invert({{'\n', '\n'}})};
        }
        if (take("^")) return make_assertion(flags_.multi_line ? line_begin : text_begin);
        if (take("$")) return make_assertion(flags_.multi_line ? line_end : text_end);
        const char c = pattern_[at_];
        if (c == '*' || c == '+' || c == '?') return broken("nothing to repeat");
        const char32_t character = next_character();
        return make_set({{character, character}});
    }

    Tree parse_group(int depth) {
        const Flags outer = flags_;
        if (take("?")) {
            if (take("P<") || take("<")) {
                const std::size_t end = pattern_.find('>', at_);
                if (end == std::string_view::npos) return broken("a group name without '>'");
                at_ = end + 1;
            } else {
                bool on = true;
                while (!done() && pattern_[at_] != ':' && pattern_[at_] != ')') {
                    const char c = pattern_[at_];
                    if (c == '-')
                        on = false;
                    else if (c == 'i')
                        flags_.ignore_case = on;
                    else if (c == 'm')
                        flags_.multi_line = on;
                    else if (c == 's')
                        flags_.dot_newline = on;
                    else if (c != 'U')
                        return broken("an unknown flag");
                    ++at_;
                }
                if (take(")")) return {};  // "(?i)": for the rest of the enclosing group
                if (!take(":")) return broken("a group without end");
            }
        }
        Tree inner = parse_choice(depth + 1);
        flags_ = outer;
        if (problem_.empty() && !take(")")) return broken("a missing ')'");
        return inner;
    }

    /// The value of a hexadecimal escape, after "\x".
    char32_t parse_hex() {
        const bool braces = take("{");
        char32_t value = 0;
        int digits = 0;
        while (!done() && digits < (braces ? 6 : 2)) {
            const char c = pattern_[at_];
            const int digit = c >= '0' && c <= '9'   ? c - '0'
                              : c >= 'a' && c <= 'f' ? c - 'a' + 10
                              : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                     : -1;
            if (digit < 0) break;
            value = value * 16 + static_cast<char32_t>(digit);
            ++digits;
            ++at_;
        }
        if (digits == 0 || (!braces && digits != 2) || (braces && !take("}")) || value > kLastCharacter) {
            (void)broken("a malformed \\x escape");
        }
        return value;
    }

    /// After the backslash: a class such as \d fills `ranges`, a character gives its range.
    bool parse_escaped_set(std::vector<Range>& ranges) {
        if (at_ >= pattern_.size()) return (void)broken("a backslash at the end"), false;
        const char c = pattern_[at_];
        const auto append = [&](std::string_view name, bool inverted) {
            ++at_;
            std::vector<Range> named = named_class(name);
            if (name == "space") named = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
            if (inverted) named = invert(named);
            ranges.insert(ranges.end(), named.begin(), named.end());
            return true;
        };
        switch (c) {
            case 'd':
                return append("digit", false);
            case 'D':
                return append("digit", true);
            case 'w':
                return append("word", false);
            case 'W':
                return append("word", true);
            case 's':
                return append("space", false);
            case 'S':
                return append("space", true);
            default:
                break;
        }
        char32_t value = 0;
        constexpr std::string_view kLetters = "afnrtv";
        constexpr std::string_view kValues = "\a\f\n\r\t\v";
        if (const std::size_t letter = kLetters.find(c); letter != std::string_view::npos) {
            ++at_;
            value = static_cast<unsigned char>(kValues[letter]);
        } else if (take("x")) {
            value = parse_hex();
        } else if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            return (void)broken("an unknown escape"), false;
        } else {
            value = next_character();
        }
        ranges.push_back({value, value});
        return problem_.empty();
    }

    Tree parse_escape() {
        using enum Regex::Assertion;
        if (take("b")) return make_assertion(word);
        if (take("B")) return make_assertion(not_word);
        if (take("A")) return make_assertion(text_begin);
        if (take("z")) return make_assertion(text_end);
        if (take("Q")) {
            Tree sequence{.kind = Tree::Kind::sequence};
            while (!done() && !take("\\E")) {
                const char32_t c = next_character();
                sequence.parts.push_back(make_set({{c, c}}));
            }
            return sequence;
        }
        std::vector<Range> ranges;
        if (!parse_escaped_set(ranges)) return {};
        return make_set(std::move(ranges));
    }

    bool parse_posix(std::vector<Range>& ranges) {
        if (!pattern_.substr(at_).starts_with("[:")) return false;
        const std::size_t end = pattern_.find(":]", at_ + 2);
        if (end == std::string_view::npos) return false;
        std::string_view name = pattern_.substr(at_ + 2, end - at_ - 2);
        const bool inverted = name.starts_with('^');
        if (inverted) name.remove_prefix(1);
        std::vector<Range> named = named_class(name);
        if (named.empty()) return (void)broken("an unknown character class"), false;
        if (inverted) named = invert(named);
        ranges.insert(ranges.end(), named.begin(), named.end());
        at_ = end + 2;
        return true;
    }

    Tree parse_class() {
        const bool inverted = take("^");
        std::vector<Range> ranges;
        bool first = true;
        while (true) {
            if (done()) return broken("a missing ']'");
            if (!first && take("]")) break;
            first = false;
            if (parse_posix(ranges)) continue;
            const std::size_t before = ranges.size();
            if (take("\\")) {
                if (!parse_escaped_set(ranges)) return {};
            } else {
                const char32_t c = next_character();
                ranges.push_back({c, c});
            }
            const bool single = ranges.size() == before + 1 && ranges.back().first == ranges.back().last;
            if (!single || at_ + 1 >= pattern_.size() || pattern_[at_] != '-' || pattern_[at_ + 1] == ']')
                continue;
            ++at_;
            std::vector<Range> last;
            if (take("\\")) {
                if (!parse_escaped_set(last)) return {};
            } else {
                const char32_t c = next_character();
                last.push_back({c, c});
            }
            if (last.size() != 1 || last[0].first != last[0].last || last[0].first < ranges.back().first) {
                return broken("a range in the wrong order");
            }
            ranges.back().last = last[0].last;
        }
        if (flags_.ignore_case) fold_case(ranges);
        return {.kind = Tree::Kind::set, .ranges = inverted ? invert(ranges) : ranges};
    }

    std::string_view pattern_;
    std::size_t at_ = 0;
    Flags flags_;
    std::string problem_;
};

}  // namespace

Result<PatternTree> parse_pattern(std::string_view pattern) {
    return Parser(pattern).parse();
}

}  // namespace gadget::events::detail
