// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include "rules.h"

namespace gadget::validator {
void check_mapiter_wrong_type(const Input& input, Reporter& report) {
    for (const auto& iterator : input.facts.map_iterators) {
        const auto* map = input.facts.find_map(iterator.map);
        if (map == nullptr || map->type == BPF_MAP_TYPE_HASH) continue;
        report.about_symbol("map iterator " + quoted(iterator.name) + " reads map " + quoted(iterator.map) +
                                ", which is of type " + map->type_name + ": only hash maps can be read",
                            iterator.map, "use BPF_MAP_TYPE_HASH");
    }
}

}  // namespace gadget::validator
