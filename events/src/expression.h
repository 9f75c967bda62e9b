// SPDX-License-Identifier: Apache-2.0
// --filter-expr: an expression over the fields of an event, in the notation of expr-lang. Types are checked
// when it is compiled, so that evaluating it for a record can only fail by a division by zero.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "evaluator.h"
#include "gadget/support/result.h"

namespace gadget::events::detail {

class Expression {
  public:
    /// `rejected_input` with the position of what is wrong. The result must be a boolean.
    static Result<Expression> compile(const Plan& plan, std::string_view text);
    Expression(Expression&&) noexcept;
    Expression& operator=(Expression&&) noexcept;
    ~Expression();

    /// Whether the expression holds; false when it has no value (remainder of a division by zero).
    [[nodiscard]] bool holds(Evaluator& evaluator, const View& view);

    struct Program;

  private:
    explicit Expression(std::unique_ptr<Program> program);
    std::unique_ptr<Program> program_;
};

}  // namespace gadget::events::detail
