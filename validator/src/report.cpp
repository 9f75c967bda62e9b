// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <optional>

#include "gadget/support/text.h"
#include "rule.h"

namespace gadget::validator {
namespace {

std::string_view line_of(std::string_view text, unsigned line) {
    for (unsigned i = 1; i < line; ++i) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

// Keys are held in lower case: the text may have another.
std::optional<SourceRange> find_word(std::string_view text, std::string_view word, const SourceRange& from) {
    if (from.line == 0 || from.column == 0) return std::nullopt;
    const auto line = line_of(text, from.line);
    if (from.column > line.size()) return std::nullopt;
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    };
    const auto start = line.begin() + (from.column - 1);
    const auto found = std::search(start, line.end(), word.begin(), word.end(), same);
    if (found == line.end()) return std::nullopt;
    auto range = from;
    range.column = static_cast<unsigned>(found - line.begin()) + 1;
    range.end_line = range.line;
    range.end_column = range.column + static_cast<unsigned>(word.size());
    return range;
}

}  // namespace

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
                              std::string_view otherwise) const {
    const auto near = nearest_of(name, candidates);
    return near.empty() ? std::string(otherwise) : "did you mean " + quoted(near) + "?";
}

std::string Reporter::nearest_of(std::string_view name, std::span<const std::string> candidates) const {
    constexpr std::size_t kCandidates = 4096;
    if (!may_suggest()) return {};
    return nearest(name, candidates.first(std::min(candidates.size(), kCandidates)));
}

void Reporter::misspelt(std::string message, std::string_view word, const SourceRange& at,
                        const model::Manifest& manifest, std::span<const std::string> candidates,
                        std::string otherwise) {
    const auto near = nearest_of(word, candidates);
    const auto range = find_word(manifest.text, word, at);
    Diagnostic diagnostic{.severity = rule_.severity,
                          .id = std::string(rule_.id),
                          .message = std::move(message),
                          .location = range.value_or(at),
                          .hint = near.empty() ? std::move(otherwise) : "did you mean " + quoted(near) + "?"};
    if (range && !near.empty()) diagnostic.fixes.push_back({*range, near});
    ++reported_;
    sink_.report(std::move(diagnostic));
}

std::string quoted(std::string_view name) {
    return "'" + printable(name) + "'";
}

}  // namespace gadget::validator
