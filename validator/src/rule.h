// SPDX-License-Identifier: Apache-2.0
// What a rule is. Each has a file of its own in rules/, is declared in rules.h and listed once in
// rule_table.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/validator.h"

namespace gadget::validator {

/// What a rule looks at: one object and its metadata.
class DataSources;

struct Input {
    const model::ObjectFacts& facts;
    const model::Manifest* manifest;  ///< nullptr when there is none
    const Options& options;
    const DataSources& sources;  ///< of metadata.h
};

/// The names of all `items`, for suggestions.
template <class Items>
std::vector<std::string> names_of(const Items& items) {
    std::vector<std::string> names;
    names.reserve(items.size());
    for (const auto& item : items) names.push_back(item.name);
    return names;
}

/// Takes the findings of one rule and gives them its id and severity.
class Reporter {
  public:
    Reporter(const RuleInfo& rule, std::string_view object, DiagnosticSink& sink)
        : rule_(rule), object_(object), sink_(sink) {}

    void report(std::string message, Location location, std::string hint = {});
    void about_object(std::string message, std::string hint = {});
    void about_symbol(std::string message, std::string_view symbol, std::string hint = {});
    /// At the source line of the program where BTF has it.
    void about_program(std::string message, const model::ProgramFacts& program, std::string hint = {});

    /// "did you mean 'x'?", or `otherwise` when nothing is near. An object can name far more things than
    /// anybody reads findings about, and the search is costly: it is left out after a while.
    [[nodiscard]] std::string suggest(std::string_view name, std::span<const std::string> candidates,
                                      std::string_view otherwise) const;
    /// The same with the names of `items`.
    template <class Items>
    [[nodiscard]] std::string suggest_from(std::string_view name, const Items& items,
                                           std::string_view otherwise) const {
        return may_suggest() ? suggest(name, names_of(items), otherwise) : std::string(otherwise);
    }

    /// A finding about `word`, which stands in the metadata at `at` or after it in the same line: with a
    /// suggestion, and a fix where one is near.
    void misspelt(std::string message, std::string_view word, const SourceRange& at,
                  const model::Manifest& manifest, std::span<const std::string> candidates,
                  std::string otherwise);

  private:
    static constexpr unsigned kSuggestions = 20;
    [[nodiscard]] bool may_suggest() const { return reported_ < kSuggestions; }
    [[nodiscard]] std::string nearest_of(std::string_view name,
                                         std::span<const std::string> candidates) const;

    const RuleInfo& rule_;
    std::string_view object_;
    DiagnosticSink& sink_;
    unsigned reported_ = 0;
};

struct Rule {
    RuleInfo info;
    void (*check)(const Input& input, Reporter& report);
};

/// A rule that looks at two objects of one gadget.
struct CompareRule {
    RuleInfo info;
    void (*check)(const model::ObjectFacts& a, const model::ObjectFacts& b, Reporter& report);
};

/// Name in single quotes, safe to print.
[[nodiscard]] std::string quoted(std::string_view name);

}  // namespace gadget::validator
