// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_kernel_stack_without_map(const Input& input, Reporter& report) {
    if (input.facts.find_map("ig_kstack") != nullptr) return;
    for (const auto& [name, schema] : input.facts.structs) {
        for (const auto& field : schema.fields) {
            if (!field.has_type("gadget_kernel_stack")) continue;
            report.about_symbol(
                "field " + quoted(field.path) + " of 'struct " + name +
                    "' is a kernel stack, but there is no map 'ig_kstack' to look it up in",
                name, "include <gadget/kernel_stack_map.h> and set it with gadget_get_kernel_stack(ctx)");
        }
    }
}

}  // namespace gadget::validator
