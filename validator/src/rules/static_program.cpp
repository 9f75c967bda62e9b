// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_static_program(const Input& input, Reporter& report) {
    for (const auto& program : input.facts.programs) {
        if (!program.is_static) continue;
        report.about_program(
            "program " + quoted(program.name) + " is static: libbpf refuses the whole object", program,
            "remove 'static'");
    }
}

}  // namespace gadget::validator
