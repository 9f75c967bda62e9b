// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_missing_btf(const Input& input, Reporter& report) {
    if (input.facts.has_btf || input.facts.programs.empty()) return;
    report.about_object("the object has no BTF: its maps, events and parameters cannot be read",
                        "compile with -g and keep the section .BTF when stripping (llvm-strip -g does)");
}

}  // namespace gadget::validator
