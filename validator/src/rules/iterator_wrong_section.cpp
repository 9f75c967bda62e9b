// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_iterator_wrong_section(const Input& input, Reporter& report) {
    for (const auto& iterator : input.facts.iterators) {
        for (const auto& name : iterator.programs) {
            const auto* program = input.facts.find_program(name);
            if (program == nullptr || !program->parsed ||
                program->parsed->kind->attach == model::AttachKind::iter)
                continue;
            report.about_program("iterator " + quoted(iterator.name) + " runs program " + quoted(name) +
                                     ", which is in section " + quoted(program->section) +
                                     ": an iterator is in a section iter/<kind>",
                                 *program, "use a section such as \"iter/task\"");
        }
    }
}

}  // namespace gadget::validator
