// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
void check_iterator_unknown_struct(const Input& input, Reporter& report) {
    for (const auto& iterator : input.facts.iterators) {
        if (input.facts.structs.contains(iterator.struct_name)) continue;
        report.about_symbol(
            "iterator " + quoted(iterator.name) + " makes rows of 'struct " +
                printable(iterator.struct_name) + "', which is not defined",
            iterator.variable,
            report.suggest(iterator.struct_name, input.facts.all_structs,
                           "name the tag of a struct, not of a typedef, that is defined in the program"));
    }
}

}  // namespace gadget::validator
