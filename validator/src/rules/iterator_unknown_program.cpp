// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_iterator_unknown_program(const Input& input, Reporter& report) {
    for (const auto& iterator : input.facts.iterators) {
        for (const auto& name : iterator.programs) {
            if (input.facts.find_program(name) != nullptr) continue;
            report.about_symbol(
                "iterator " + quoted(iterator.name) + " runs program " + quoted(name) +
                    ", which does not exist",
                iterator.variable,
                report.suggest_from(name, input.facts.programs, "name the C function of the program"));
        }
    }
}

}  // namespace gadget::validator
