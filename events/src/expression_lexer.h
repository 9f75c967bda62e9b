// SPDX-License-Identifier: Apache-2.0
// The words of an expression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gadget::events::detail {

enum class Token : std::uint8_t { end, number, text, word, symbol };

/// Holds the current token. After a failure, its own or the parser's, there is nothing but the end.
class ExpressionLexer {
  public:
    explicit ExpressionLexer(std::string_view source) : source_(source) { next(); }

    void next();
    [[nodiscard]] Token token() const { return token_; }
    [[nodiscard]] std::string_view lexeme() const { return lexeme_; }
    [[nodiscard]] std::size_t position() const { return lexeme_at_; }
    /// The value of a text token, escapes resolved.
    [[nodiscard]] const std::string& text() const { return text_; }

    /// Keeps the first problem, at the current token.
    void fail(std::string problem);
    /// Makes a problem found late point to `position`.
    void rewind_to(std::size_t position) { lexeme_at_ = position; }
    [[nodiscard]] bool ok() const { return problem_.empty(); }
    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] std::size_t problem_at() const { return problem_at_; }

  private:
    [[nodiscard]] std::size_t number_end() const;
    void read_text(char quote);

    std::string_view source_;
    std::size_t at_ = 0;
    Token token_ = Token::end;
    std::string_view lexeme_;
    std::size_t lexeme_at_ = 0;
    std::string text_;
    std::string problem_;
    std::size_t problem_at_ = 0;
};

}  // namespace gadget::events::detail
