// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "rules.h"

namespace gadget::validator {
void check_duplicate_datasource(const Input& input, Reporter& report) {
    std::map<std::string_view, std::string_view> seen;
    const auto note = [&](std::string_view name, std::string_view variable) {
        const auto [first, added] = seen.try_emplace(name, variable);
        if (added) return;
        report.about_symbol("data source " + quoted(name) + " is declared twice", variable,
                            "rename one of the two; the other is " + quoted(first->second));
    };
    for (const auto& tracer : input.facts.tracers) note(tracer.name, tracer.variable);
    for (const auto& iterator : input.facts.iterators) note(iterator.name, iterator.variable);
    for (const auto& iterator : input.facts.map_iterators) note(iterator.name, iterator.variable);
}

}  // namespace gadget::validator
