// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_malformed_marker(const Input& input, Reporter& report) {
    for (const auto& marker : input.facts.bad_markers) {
        report.about_symbol("marker " + quoted(marker.variable) + " cannot be read: " + marker.reason,
                            marker.variable,
                            "use the macros of <gadget/macros.h>, with names that do not contain '___'");
    }
}

}  // namespace gadget::validator
