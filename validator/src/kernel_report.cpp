// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gadget/support/text.h"
#include "rule.h"

namespace gadget::validator {
namespace {

using enum Severity;

constexpr RuleInfo kRules[] = {
    {"kernel-core-relocation", error, "a program reads what a kernel does not have"},
    {"kernel-helper", error, "a program calls a helper that a kernel does not have"},
    {"kernel-map-type", error, "a map has a type that a kernel does not know"},
    {"kernel-no-btf", error, "a kernel has no type information"},
    {"kernel-program-type", error, "a program is of a kind that a kernel cannot run"},
    {"kernel-symbol", error, "a program uses a function or variable that a kernel does not offer"},
    {"kernel-target", error, "a program is attached to something that a kernel does not have"},
    {"kernel-target-unconfirmed", warning, "a program needs something that only a module could have"},
};

/// One finding to be: a reason and the kernels that it is true for.
struct Group {
    const std::string* program;  ///< nullptr: about the object
    const KernelReason* reason;
    std::vector<std::string> kernels;
};

void add(std::vector<Group>& groups, const std::string* program, const KernelReason& reason,
         const std::string& kernel) {
    if (reason.id.empty()) return;
    for (auto& group : groups) {
        const bool same_program = (group.program == nullptr) == (program == nullptr) &&
                                  (program == nullptr || *group.program == *program);
        if (!same_program || group.reason->id != reason.id || group.reason->message != reason.message)
            continue;
        group.kernels.push_back(kernel);
        return;
    }
    groups.push_back({program, &reason, {kernel}});
}

Location location_of(const Group& group, const model::ObjectFacts& facts) {
    if (!group.reason->source.file.empty()) return group.reason->source;
    if (group.program == nullptr) return ObjectLocation{.object = facts.object};
    const auto* program = facts.find_program(*group.program);
    if (program != nullptr && !program->source.file.empty()) return program->source;
    return ObjectLocation{.object = facts.object, .symbol = *group.program};
}

Severity severity_of(const std::string& id) {
    const auto* found = std::find_if(std::begin(kRules), std::end(kRules),
                                     [&](const RuleInfo& rule) { return rule.id == id; });
    return found == std::end(kRules) ? error : found->severity;
}

KernelVerdict gravest(const std::vector<KernelReason>& reasons) {
    auto verdict = KernelVerdict::runs;
    for (const auto& reason : reasons) verdict = std::max(verdict, reason.verdict);
    return verdict;
}

}  // namespace

std::string_view to_string(KernelVerdict verdict) {
    switch (verdict) {
        case KernelVerdict::runs:
            return "ok";
        case KernelVerdict::unknown:
            return "unknown";
        case KernelVerdict::fails:
            return "fails";
    }
    return "";
}

KernelVerdict KernelCell::verdict() const {
    return gravest(reasons);
}

KernelVerdict KernelRow::verdict() const {
    auto verdict = gravest(object);
    for (const auto& cell : programs) verdict = std::max(verdict, cell.verdict());
    return verdict;
}

void report_kernels(const model::ObjectFacts& facts, std::span<const KernelRow> rows, DiagnosticSink& sink) {
    std::vector<Group> groups;
    for (const auto& row : rows) {
        for (const auto& reason : row.object) add(groups, nullptr, reason, row.kernel);
        for (const auto& cell : row.programs) {
            for (const auto& reason : cell.reasons) add(groups, &cell.program, reason, row.kernel);
        }
    }
    for (const auto& group : groups) {
        const auto who = group.program == nullptr ? "the object" : "program " + quoted(*group.program);
        const auto where =
            std::string(group.kernels.size() == 1 ? "kernel " : "kernels ") + join_words(group.kernels);
        const bool certain = group.reason->verdict == KernelVerdict::fails;
        sink.report({.severity = severity_of(group.reason->id),
                     .id = group.reason->id,
                     .message = who + (certain ? " does not run on " : " may not run on ") + where + ": " +
                                group.reason->message,
                     .location = location_of(group, facts),
                     .hint = group.reason->hint});
    }
}

std::span<const RuleInfo> kernel_rules() {
    return kRules;
}

}  // namespace gadget::validator
