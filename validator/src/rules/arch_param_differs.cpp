// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
void compare_arch_param_differs(const model::ObjectFacts& a, const model::ObjectFacts& b, Reporter& report) {
    const auto missing = [&](const model::ObjectFacts& there, const model::ObjectFacts& not_there) {
        for (const auto& name : there.params) {
            if (std::find(not_there.params.begin(), not_there.params.end(), name) != not_there.params.end())
                continue;
            report.about_symbol("parameter " + quoted(name) + " is not in the " + printable(not_there.object),
                                name, "declare it on all architectures");
        }
    };
    missing(a, b);
    missing(b, a);
    for (const auto& name : a.params) {
        const auto* first = a.find_variable(name);
        const auto* second = b.find_variable(name);
        if (first == nullptr || second == nullptr) continue;
        if (first->size == second->size && first->type.kind == second->type.kind &&
            first->initial == second->initial)
            continue;
        report.about_symbol(
            "parameter " + quoted(name) + " has another type or initial value in the " + printable(b.object),
            name, "declare it the same on all architectures");
    }
}

}  // namespace gadget::validator
