// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_metadata_unknown_program(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    const auto names = names_of(input.facts.programs);
    for (const auto& [name, program] : input.manifest->programs) {
        bool known = false;
        for (const auto& each : input.facts.programs) {
            // Settings of perf events go by the name in the section, the others by that of the function.
            const bool perf = each.parsed && each.parsed->kind->attach == model::AttachKind::perf_event;
            known |= each.name == name || (perf && each.parsed->target == name);
        }
        if (known) continue;
        report.misspelt(
            "the metadata configures program " + quoted(name) + ", which the gadget does not have", name,
            program.source, *input.manifest, names, "remove it");
    }
}

}  // namespace gadget::validator
