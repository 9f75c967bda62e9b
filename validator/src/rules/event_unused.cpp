// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "rules.h"

namespace gadget::validator {
void check_event_unused(const Input& input, Reporter& report) {
    if (!input.options.wasm.empty()) return;  // may read records of its own
    std::set<std::string_view> used;
    for (const auto& tracer : input.facts.tracers) used.insert(tracer.struct_name);
    for (const auto& iterator : input.facts.iterators) used.insert(iterator.struct_name);
    // A marker with a misspelt struct has a finding of its own, and the struct that was meant is used by it.
    if (std::any_of(used.begin(), used.end(),
                    [&](auto name) { return !input.facts.structs.contains(std::string(name)); }))
        return;
    for (const auto& map : input.facts.maps) {
        if (map.key_schema) used.insert(map.key_schema->struct_name);
        if (map.value_schema) used.insert(map.value_schema->struct_name);
    }
    for (const auto& kept : input.facts.kept_structs) {
        // A marker that cannot be read has a finding of its own.
        const bool broken =
            std::any_of(input.facts.bad_markers.begin(), input.facts.bad_markers.end(),
                        [&](const auto& bad) { return bad.variable.ends_with(kept.struct_name); });
        if (broken || !used.insert(kept.struct_name).second) continue;
        report.about_symbol(
            "struct " + quoted(kept.struct_name) + " is kept as an event, but nothing makes events of it",
            kept.variable,
            "add GADGET_TRACER(<name>, <map>, " + kept.struct_name + "), or remove " + quoted(kept.variable));
    }
}

}  // namespace gadget::validator
