// SPDX-License-Identifier: Apache-2.0
// What the part of a section name behind the slash has to look like, which is also what attach_to of the
// metadata has to look like.
#include <algorithm>
#include <cctype>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
namespace {

using Grammar = model::TargetGrammar;

bool is_word(std::string_view text, std::string_view more) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || more.find(c) != std::string_view::npos;
    });
}

// What is wrong with a path:symbol or path:provider:probe; the path is absolute or the bare name of a
// library.
std::string check_binary(std::string_view target, bool is_usdt) {
    const auto parts = split(target, ':');
    if (parts.size() != (is_usdt ? 3U : 2U)) return is_usdt ? "<path>:<provider>:<probe>" : "<path>:<symbol>";
    for (const auto part : parts) {
        if (part.empty()) return is_usdt ? "<path>:<provider>:<probe>" : "<path>:<symbol>";
    }
    if (!parts[0].starts_with('/') && parts[0].find('/') != std::string_view::npos)
        return "an absolute path, or the name of a library without a slash";
    return {};
}

std::string check_classifier(std::string_view target) {
    const auto parts = split(target, '/');
    const bool fits =
        parts.size() == 2 && (parts[0] == "ingress" || parts[0] == "egress") && !parts[1].empty();
    return fits ? "" : "classifier/ingress/<name> or classifier/egress/<name>";
}

// Inspektor Gadget replaces the target of these kinds only (specification 3.7).
bool has_free_target(model::AttachKind kind) {
    using enum model::AttachKind;
    return kind == kprobe || kind == kretprobe || kind == tracepoint || kind == raw_tracepoint ||
           kind == uprobe || kind == uretprobe || kind == usdt;
}

}  // namespace

std::string expected_target(const model::SectionName& section) {
    const std::string_view target = section.target;
    if (section.kind->prefix == "classifier") return check_classifier(target);
    if (target.empty()) return section.kind->target_required ? "a target" : "";
    // Attaches nothing on purpose: metadata or the program of the gadget decide at run time.
    if (target == kDisabledTarget) return {};
    switch (section.kind->target) {
        case Grammar::kernel_symbol:
            return is_word(target, "_.+:") ? "" : "the name of a kernel function";
        case Grammar::category_name: {
            const auto parts = split(target, '/');
            const bool fits = parts.size() == 2 && is_word(parts[0], "_-") && is_word(parts[1], "_-");
            return fits ? "" : "<category>/<name>, as in sched/sched_switch";
        }
        case Grammar::syscall:
            return is_word(target, "_") ? "" : "the name of a system call";
        case Grammar::name:
            return is_word(target, "_.") ? "" : "one name";
        case Grammar::path_symbol:
            return check_binary(target, false);
        case Grammar::path_provider_probe:
            return check_binary(target, true);
        default:
            return {};
    }
}

model::ObjectFacts with_attach_to(model::ObjectFacts facts, const model::Manifest& manifest) {
    for (auto& program : facts.programs) {
        const auto found = manifest.programs.find(program.name);
        if (!program.parsed || found == manifest.programs.end()) continue;
        const auto setting = found->second.settings.find("attach_to");
        if (setting == found->second.settings.end() || setting->second.value.empty()) continue;
        const auto& value = setting->second.value;
        if (value == kDisabledTarget || has_free_target(program.parsed->kind->attach))
            program.parsed->target = value;
    }
    return facts;
}

}  // namespace gadget::validator
