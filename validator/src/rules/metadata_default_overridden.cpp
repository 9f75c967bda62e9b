// SPDX-License-Identifier: Apache-2.0
#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_default_overridden(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& name : input.facts.params) {
        const auto* variable = input.facts.find_variable(name);
        const auto param = input.manifest->ebpf_params.find(name);
        if (variable == nullptr || param == input.manifest->ebpf_params.end()) continue;
        const auto& text = param->second.default_value;
        const auto initial = initial_text(*variable);
        if (!initial || text.empty() || plain_value(text, variable->type) == initial) continue;
        report.report(
            "the default " + quoted(text) + " of parameter " + quoted(name) +
                " has no effect: the initial value in the source, " + *initial + ", counts",
            param->second.default_source.line == 0 ? param->second.source : param->second.default_source,
            "write " + *initial + " here, or change the source, or use paramDefaults");
    }
}

}  // namespace gadget::validator
