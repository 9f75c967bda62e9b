// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"
#include "rule.h"

namespace gadget::validator {

void Reporter::report(std::string message, Location location, std::string hint) {
    ++reported_;
    sink_.report(Diagnostic{.severity = rule_.severity,
                            .id = std::string(rule_.id),
                            .message = std::move(message),
                            .location = std::move(location),
                            .hint = std::move(hint)});
}

void Reporter::about_object(std::string message, std::string hint) {
    report(std::move(message), ObjectLocation{.object = std::string(object_)}, std::move(hint));
}

void Reporter::about_symbol(std::string message, std::string_view symbol, std::string hint) {
    report(std::move(message), ObjectLocation{.object = std::string(object_), .symbol = std::string(symbol)},
           std::move(hint));
}

void Reporter::about_program(std::string message, const model::ProgramFacts& program, std::string hint) {
    if (program.source.file.empty()) {
        about_symbol(std::move(message), program.name, std::move(hint));
    } else {
        report(std::move(message), program.source, std::move(hint));
    }
}

std::string Reporter::suggest(std::string_view name, std::span<const std::string> candidates,
                              std::string otherwise) const {
    constexpr unsigned kSuggestions = 20;
    constexpr std::size_t kCandidates = 4096;
    if (reported_ >= kSuggestions) return otherwise;
    auto suggestion = did_you_mean(name, candidates.first(std::min(candidates.size(), kCandidates)));
    return suggestion.empty() ? otherwise : suggestion;
}

std::string quoted(std::string_view name) { return "'" + printable(name) + "'"; }

}  // namespace gadget::validator
