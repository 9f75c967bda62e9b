// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
namespace {

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
        const auto form = expected_target(*program.parsed);
        if (form.empty()) continue;
        report.about_program(
            "program " + quoted(program.name) + " cannot be attached: section " + quoted(program.section) +
                " needs " + form,
            program, "name what to attach to after '" + std::string(program.parsed->kind->prefix) + "/'");
    }
}

}  // namespace gadget::validator
