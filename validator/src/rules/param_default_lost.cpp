// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "rules.h"

namespace gadget::validator {
void check_param_default_lost(const Input& input, Reporter& report) {
    using enum model::FieldKind;
    if (input.manifest == nullptr) return;
    for (const auto& name : input.facts.params) {
        const auto* variable = input.facts.find_variable(name);
        if (variable == nullptr || (variable->type.kind != c_string && variable->type.kind != floating))
            continue;
        const bool has_value = std::any_of(variable->initial.begin(), variable->initial.end(),
                                           [](std::byte byte) { return byte != std::byte{0}; });
        const auto param = input.manifest->ebpf_params.find(name);
        if (!has_value ||
            (param != input.manifest->ebpf_params.end() && !param->second.default_value.empty()))
            continue;
        const auto hint = std::string("give the default as 'defaultValue' in the metadata");
        const auto message =
            "the initial value of parameter " + quoted(name) +
            " is lost: Inspektor Gadget sets strings and floats to the default of the metadata";
        if (param != input.manifest->ebpf_params.end()) {
            report.report(message, param->second.source, hint);
        } else {
            report.about_symbol(message, name, hint);
        }
    }
}

}  // namespace gadget::validator
