// SPDX-License-Identifier: Apache-2.0
// Compares the rows of a gadget with the expectations of a scenario while they come.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/result.h"
#include "gadget/testkit/scenario.h"
#include "variables.h"

namespace gadget::testkit {

class Matcher {
  public:
    /// Replaces the variables and compiles the expressions: `rejected_input` names what cannot be. With
    /// `lines` the gadget prints no JSON: each line is an event with the field "line".
    static Result<Matcher> create(const std::vector<Expectation>& expectations, const Variables& variables,
                                  bool lines = false);
    Matcher(Matcher&&) noexcept;
    Matcher& operator=(Matcher&&) noexcept;
    ~Matcher();

    /// One line of the gadget's output.
    void row(std::string_view json);

    /// Whether all lower bounds are reached: there is nothing left to wait for.
    [[nodiscard]] bool satisfied() const;
    /// Whether further rows could still break an expectation.
    [[nodiscard]] bool has_upper_bounds() const;
    [[nodiscard]] std::uint64_t rows() const;
    /// The first line that was no JSON object, and its number; empty when all were.
    [[nodiscard]] std::string bad_row() const;
    /// What does not hold, a sentence for each expectation.
    [[nodiscard]] std::vector<std::string> failures() const;

  private:
    struct Impl;
    explicit Matcher(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace gadget::testkit
