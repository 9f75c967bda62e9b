// SPDX-License-Identifier: Apache-2.0
#include "expression_lexer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gadget/support/text.h"

namespace gadget::events::detail {
namespace {

constexpr std::string_view kSymbols[] = {"||", "&&", "==", "!=", "<=", ">=", "..", "<", ">", "+", "-", "*",
                                         "/",  "%",  "!",  "?",  ":",  "(",  ")",  "[", "]", ",", "."};

bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

void ExpressionLexer::fail(std::string problem) {
    if (problem_.empty()) {
        problem_ = std::move(problem);
        problem_at_ = lexeme_at_;
    }
    token_ = Token::end;
}

void ExpressionLexer::next() {
    while (at_ < source_.size() &&
           (source_[at_] == ' ' || source_[at_] == '\t' || source_[at_] == '\n' || source_[at_] == '\r'))
        ++at_;
    lexeme_at_ = at_;
    if (at_ >= source_.size() || !problem_.empty()) {
        token_ = Token::end;
        lexeme_ = "the end";
        return;
    }
    const char c = source_[at_];
    if (c == '"' || c == '\'' || c == '`') return read_text(c);
    std::size_t end = at_;
    if (is_word_start(c)) {
        while (end < source_.size() && (is_word_start(source_[end]) || is_digit(source_[end]))) ++end;
        token_ = Token::word;
    } else if (is_digit(c)) {
        end = number_end();
        token_ = Token::number;
    } else {
        token_ = Token::symbol;
        const auto* symbol = std::find_if(std::begin(kSymbols), std::end(kSymbols), [&](std::string_view s) {
            return source_.substr(at_).starts_with(s);
        });
        if (symbol == std::end(kSymbols)) {
            fail("'" + printable(source_.substr(at_, 1)) + "' has no meaning here");
            return;
        }
        end = at_ + symbol->size();
    }
    lexeme_ = source_.substr(at_, end - at_);
    at_ = end;
}

/// Digits, '_', one fraction, an exponent, or hexadecimal; "1..5" is a range, not a fraction.
std::size_t ExpressionLexer::number_end() const {
    std::size_t end = at_;
    const bool hex = source_.substr(at_).starts_with("0x");
    if (hex) end += 2;
    const auto digit = [&](char c) {
        return is_digit(c) || c == '_' || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
    };
    while (end < source_.size() && digit(source_[end])) ++end;
    if (hex) return end;
    if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) {
        ++end;
        while (end < source_.size() && digit(source_[end])) ++end;
    }
    if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
        std::size_t exponent = end + 1;
        if (exponent < source_.size() && (source_[exponent] == '+' || source_[exponent] == '-')) ++exponent;
        if (exponent < source_.size() && is_digit(source_[exponent])) {
            end = exponent;
            while (end < source_.size() && is_digit(source_[end])) ++end;
        }
    }
    return end;
}

void ExpressionLexer::read_text(char quote) {
    token_ = Token::text;
    lexeme_ = "a text";
    text_.clear();
    for (++at_; at_ < source_.size() && source_[at_] != quote; ++at_) {
        if (source_[at_] != '\\' || quote == '`') {
            text_ += source_[at_];
            continue;
        }
        if (++at_ >= source_.size()) break;
        constexpr std::string_view kLetters = "abfnrtv\\\"'";
        constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\\"'";
        const std::size_t letter = kLetters.find(source_[at_]);
        if (letter == std::string_view::npos) {
            fail("an unknown escape in a text");
            return;
        }
        text_ += kValues[letter];
    }
    if (at_ >= source_.size()) {
        fail("a text without its closing quote");
        return;
    }
    ++at_;
}

}  // namespace gadget::events::detail
