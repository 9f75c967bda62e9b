// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "rules.h"

namespace gadget::validator {
void check_mapiter_duplicate_field(const Input& input, Reporter& report) {
    for (const auto& iterator : input.facts.map_iterators) {
        const auto* map = input.facts.find_map(iterator.map);
        if (map == nullptr || !map->key_schema || !map->value_schema) continue;
        std::set<std::string_view> names;
        for (const auto& field : map->key_schema->fields) {
            if (field.parent < 0) names.insert(field.name);
        }
        for (const auto& field : map->value_schema->fields) {
            if (field.parent >= 0 || !names.contains(field.name)) continue;
            report.about_symbol("map iterator " + quoted(iterator.name) + ": the key and the value of map " +
                                    quoted(iterator.map) + " both have a member " + quoted(field.name) +
                                    ", but they share one row",
                                iterator.map, "rename one of the two members");
        }
    }
}

}  // namespace gadget::validator
