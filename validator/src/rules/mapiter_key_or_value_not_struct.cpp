// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_mapiter_key_or_value_not_struct(const Input& input, Reporter& report) {
    for (const auto& iterator : input.facts.map_iterators) {
        const auto* map = input.facts.find_map(iterator.map);
        if (map == nullptr) continue;
        const auto check = [&](std::string_view part, bool is_struct, const std::string& type) {
            if (is_struct) return;
            report.about_symbol("map iterator " + quoted(iterator.name) + ": the " + std::string(part) +
                                    " of map " + quoted(iterator.map) + " is " +
                                    (type.empty() ? std::string("without a type") : quoted(type)) +
                                    ", but the columns of a row are the members of structs",
                                iterator.map,
                                "declare it with __type(" + std::string(part) + ", struct ...)");
        };
        check("key", map->key_schema.has_value(), map->key_type);
        check("value", map->value_schema.has_value(), map->value_type);
    }
}

}  // namespace gadget::validator
