// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
void check_tracer_unknown_struct(const Input& input, Reporter& report) {
    for (const auto& tracer : input.facts.tracers) {
        if (input.facts.structs.contains(tracer.struct_name)) continue;
        report.about_symbol(
            "tracer " + quoted(tracer.name) + " makes events of 'struct " + printable(tracer.struct_name) +
                "', which is not defined",
            tracer.variable,
            report.suggest(tracer.struct_name, input.facts.all_structs,
                           "name the tag of a struct, not of a typedef, that is defined in the program"));
    }
}

}  // namespace gadget::validator
