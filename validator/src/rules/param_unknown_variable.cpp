// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
void check_param_unknown_variable(const Input& input, Reporter& report) {
    for (const auto& name : input.facts.params) {
        if (input.facts.find_variable(name) != nullptr) continue;
        report.about_symbol(
            "parameter " + quoted(name) + ": there is no global variable of that name",
            "gadget_param_" + name,
            report.suggest_from(name, input.facts.variables,
                                "declare it and use it: const volatile __u32 " + printable(name) + " = 0;"));
    }
}

}  // namespace gadget::validator
