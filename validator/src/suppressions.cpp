// SPDX-License-Identifier: Apache-2.0
#include "gadget/validator/suppressions.h"

#include <algorithm>
#include <filesystem>

#include "gadget/support/text.h"
#include "rule.h"

namespace gadget::validator {
namespace {

constexpr std::string_view kWord = "gadget:allow(";
constexpr std::string_view kCommentStarts[] = {"//", "/*", "#"};
constexpr std::size_t kMaxEntries = 4096;

// Where a comment begins before `end`, or npos. Strings that look like comments hold no such word.
std::size_t comment_start(std::string_view line, std::size_t end) {
    std::size_t best = std::string_view::npos;
    for (const auto start : kCommentStarts) best = std::min(best, line.substr(0, end).find(start));
    return best;
}

bool stands_alone(std::string_view line) {
    const auto at = line.find(kWord);
    return at != std::string_view::npos && trim(line.substr(0, comment_start(line, at))).empty();
}

// The line that a comment alone in line `index` speaks of; lines count from 0.
std::size_t next_code(std::span<const std::string_view> lines, std::size_t index) {
    std::size_t next = index + 1;
    while (next < lines.size() && (trim(lines[next]).empty() || stands_alone(lines[next]))) ++next;
    return next;
}

std::string reason_in(std::string_view rest) {
    if (!rest.starts_with(':')) return {};
    rest.remove_prefix(1);
    if (const auto end = rest.find("*/"); end != std::string_view::npos) rest = rest.substr(0, end);
    return std::string(trim(rest));
}

// What an author may decide otherwise. What cannot be read or compiled is not a matter of opinion.
bool may_be_allowed(const Diagnostic& finding) {
    if (finding.id.starts_with("-W")) return finding.severity != Severity::error;
    return !finding.id.starts_with("yaml-") && !finding.id.starts_with("clang-");
}

// Findings that exist only where --kernel or --target ask for them.
bool comes_when_asked(const std::string& id) {
    const auto is_named = [&](const RuleInfo& rule) { return rule.id == id; };
    return std::ranges::any_of(kernel_rules(), is_named) || std::ranges::any_of(target_rules(), is_named);
}

bool is_known(const std::string& id) {
    if (id.starts_with("-W") || comes_when_asked(id)) return true;
    return std::any_of(rules().begin(), rules().end(), [&](const RuleInfo& rule) {
        return rule.id == id && !id.starts_with("yaml-") && !id.starts_with("suppression-");
    });
}

std::string near(const std::string& id) {
    std::vector<std::string> ids;
    for (const auto& rule : rules()) ids.emplace_back(rule.id);
    const auto hint = did_you_mean(id, ids);
    return hint.empty() ? "findings show their id in brackets at the end" : hint;
}

bool same_file(const std::string& a, const std::string& b) {
    return a == b ||
           std::filesystem::path(a).lexically_normal() == std::filesystem::path(b).lexically_normal();
}

void report(DiagnosticSink& sink, std::string_view id, Severity severity, std::string message,
            const SourceRange& at, std::string hint) {
    sink.report({.severity = severity,
                 .id = std::string(id),
                 .message = std::move(message),
                 .location = at,
                 .hint = std::move(hint)});
}

}  // namespace

void Suppressions::add_comments(std::string_view text, const std::string& file) {
    if (text.find(kWord) == std::string_view::npos) return;
    const auto lines = split(text, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto line = lines[i];
        const auto at = line.find(kWord);
        if (at == std::string_view::npos || comment_start(line, at) == std::string_view::npos) continue;
        const auto begin = at + kWord.size();
        const auto end = line.find(')', begin);
        if (end == std::string_view::npos) continue;
        const auto reason = reason_in(line.substr(end + 1));
        const auto target = stands_alone(line) ? next_code(lines, i) : i;
        for (const auto word : split(line.substr(begin, end - begin), ',')) {
            const auto id = trim(word);
            if (entries_.size() >= kMaxEntries) return;
            const auto number = static_cast<unsigned>(i + 1);
            const auto column = static_cast<unsigned>(
                                    id.empty() ? begin : static_cast<std::size_t>(id.data() - line.data())) +
                                1;
            entries_.push_back(
                {.id = std::string(id),
                 .reason = reason,
                 .source = {file, number, column, number, column + static_cast<unsigned>(id.size())},
                 .line = static_cast<unsigned>(target + 1)});
        }
    }
}

void Suppressions::add(const std::vector<model::AllowedFinding>& allowed) {
    for (const auto& each : allowed)
        entries_.push_back({.id = each.id, .reason = each.reason, .source = each.source, .line = 0});
}

bool Suppressions::allows(const Entry& entry, const Diagnostic& finding) {
    if (entry.id != finding.id || entry.reason.empty()) return false;
    if (entry.line == 0) return true;
    const auto* range = std::get_if<SourceRange>(&finding.location);
    return range != nullptr && range->line == entry.line && same_file(range->file, entry.source.file);
}

void Suppressions::apply(std::span<const Diagnostic> findings, Extent extent, DiagnosticSink& sink) const {
    std::vector<bool> used(entries_.size(), false);
    for (const auto& finding : findings) {
        bool allowed = false;
        for (std::size_t i = 0; i < entries_.size() && may_be_allowed(finding); ++i) {
            if (!allows(entries_[i], finding)) continue;
            used[i] = allowed = true;
        }
        if (!allowed) sink.report(finding);
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const auto& entry = entries_[i];
        if (!is_known(entry.id)) {
            report(sink, "suppression-unknown-id", Severity::error,
                   "there is no finding " + validator::quoted(entry.id) + " that could be allowed",
                   entry.source, near(entry.id));
        } else if (entry.reason.empty()) {
            report(sink, "suppression-without-reason", Severity::error,
                   "finding " + validator::quoted(entry.id) + " is allowed without a reason, so it is not",
                   entry.source,
                   "say why: gadget:allow(" + entry.id + "): REASON, or " + entry.id +
                       ": REASON below 'allow' in build.yaml");
        } else if (!used[i] && extent == Extent::whole && !comes_when_asked(entry.id)) {
            report(sink, "suppression-unused", Severity::warning,
                   "finding " + validator::quoted(entry.id) + " is allowed, but does not occur here",
                   entry.source, "remove it");
        }
    }
}

}  // namespace gadget::validator
