// SPDX-License-Identifier: Apache-2.0
// Which records are shown, and in which order: --filter, --sort, --max-entries.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/events/data_source.h"

namespace gadget::events {

/// "field==value,other>=3,name~regex": all of the conditions. Operators: = == != < <= > >= on numbers and
/// text (byte order), = == != on booleans, ~ !~ on text (a search with the syntax of RE2, linear in the
/// length of the text). A backslash makes a comma or a backslash part of a value. Fields are named as in the
/// outputs, letter case ignored. Not to be shared between threads.
class Filter {
  public:
    /// `rejected_input` for an unknown field or operator, a value that the field cannot have, or a bad
    /// pattern.
    static Result<Filter> parse(const DataSource& source, std::string_view text);
    /// An expression in the notation of expr-lang: `comm == "cat" && (pid in [1, 2] || src.addr in
    /// cidr("10.0.0.0/8"))`. Operators: or || and && not ! == != < <= > >= in contains startsWith endsWith
    /// matches + - * / % ..  ?: Functions: len, lower, upper, cidr. Lists and bytes are read as their text.
    /// Types are checked here: `rejected_input` names the position of what is wrong.
    static Result<Filter> parse_expression(const DataSource& source, std::string_view text);
    Filter(Filter&&) noexcept;
    Filter& operator=(Filter&&) noexcept;
    ~Filter();

    [[nodiscard]] bool matches(Record record);

  private:
    struct Impl;
    explicit Filter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// "field,-other": by field, then by other in descending order. Equal records keep their order. Sizes,
/// durations and dates sort by what they stand for, not by their text.
class Sorter {
  public:
    /// `rejected_input` for an unknown field or one that has no order (structures, lists).
    static Result<Sorter> parse(const DataSource& source, std::string_view text);
    Sorter(Sorter&&) noexcept;
    Sorter& operator=(Sorter&&) noexcept;
    ~Sorter();

    void sort(std::vector<Record>& records);

  private:
    struct Impl;
    explicit Sorter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// The part of an option that is meant for `source`: "a,b" is for every source, "x:a,b;y:c" (with separator
/// ';') for x and y. nullopt when other sources are named but not this one. `rejected_input` when both forms
/// are mixed.
Result<std::optional<std::string>> option_for_source(std::string_view text, char separator,
                                                     std::string_view source);

/// How many records of a batch of `source` are shown, by "N" or "x:N,y:M"; nullopt = all: -1, or not named.
Result<std::optional<std::size_t>> max_entries_for_source(std::string_view text, std::string_view source);

}  // namespace gadget::events
