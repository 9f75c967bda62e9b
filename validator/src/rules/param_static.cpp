// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_param_static(const Input& input, Reporter& report) {
    for (const auto& name : input.facts.params) {
        const auto* variable = input.facts.find_variable(name);
        if (variable == nullptr || variable->is_global) continue;
        report.about_symbol("parameter " + quoted(name) + " is static: userspace cannot set it", name,
                            "remove 'static'");
    }
}

}  // namespace gadget::validator
