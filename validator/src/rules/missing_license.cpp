// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_missing_license(const Input& input, Reporter& report) {
    if (!input.facts.license.empty() || input.facts.programs.empty()) return;
    report.about_object("the object has no license: the kernel refuses most of its programs",
                        "add: char LICENSE[] SEC(\"license\") = \"GPL\";");
}

}  // namespace gadget::validator
