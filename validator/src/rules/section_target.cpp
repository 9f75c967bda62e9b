// SPDX-License-Identifier: Apache-2.0
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

// What the target should look like; empty when it does.
std::string expected_form(const model::SectionName& section) {
    const std::string_view target = section.target;
    if (section.kind->prefix == "classifier") return check_classifier(target);
    if (target.empty()) return section.kind->target_required ? "a target" : "";
    // Attaches nothing on purpose: metadata or the program of the gadget decide at run time.
    if (target == "gadget_program_disabled") return {};
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

// Whether programs.<name>.attach_to of the metadata says what to attach to.
bool has_target_in_metadata(const Input& input, const model::ProgramFacts& program) {
    if (input.manifest == nullptr) return false;
    const auto found = input.manifest->programs.find(program.name);
    return found != input.manifest->programs.end() && found->second.settings.contains("attach_to");
}

}  // namespace

void check_section_target(const Input& input, Reporter& report) {
    for (const auto& program : input.facts.programs) {
        if (!program.parsed || has_target_in_metadata(input, program)) continue;
        const auto form = expected_form(*program.parsed);
        if (form.empty()) continue;
        report.about_program(
            "program " + quoted(program.name) + " cannot be attached: section " + quoted(program.section) +
                " needs " + form,
            program, "name what to attach to after '" + std::string(program.parsed->kind->prefix) + "/'");
    }
}

}  // namespace gadget::validator
