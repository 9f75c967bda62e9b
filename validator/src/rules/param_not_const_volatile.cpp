// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_param_not_const_volatile(const Input& input, Reporter& report) {
    for (const auto& name : input.facts.params) {
        const auto* variable = input.facts.find_variable(name);
        if (variable == nullptr || (variable->is_const && variable->is_volatile)) continue;
        report.about_symbol("parameter " + quoted(name) + " is not 'const volatile': " +
                                (variable->is_const ? "the compiler may replace it by its initial value"
                                                    : "its value is not fixed when the program is loaded"),
                            name, "declare it 'const volatile'");
    }
}

}  // namespace gadget::validator
