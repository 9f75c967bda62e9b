// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_mapiter_unknown_map(const Input& input, Reporter& report) {
    for (const auto& iterator : input.facts.map_iterators) {
        if (input.facts.find_map(iterator.map) != nullptr) continue;
        report.about_symbol(
            "map iterator " + quoted(iterator.name) + " reads map " + quoted(iterator.map) +
                ", which does not exist",
            iterator.variable,
            report.suggest_from(iterator.map, input.facts.maps, "declare a hash map of that name"));
    }
}

}  // namespace gadget::validator
