// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_metadata_unknown_param(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, param] : input.manifest->ebpf_params) {
        if (input.facts.find_variable(name) != nullptr) continue;
        report.misspelt("the metadata describes parameter " + quoted(name) +
                            ", but there is no global variable of that name",
                        name, param.source, *input.manifest, input.facts.params,
                        "parameters are listed by the name of their variable");
    }
}

}  // namespace gadget::validator
