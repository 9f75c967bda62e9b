// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_legacy_map(const Input& input, Reporter& report) {
    for (const auto& map : input.facts.maps) {
        if (!map.legacy) continue;
        report.about_symbol(
            "map " + quoted(map.name) + " is declared in section 'maps', which libbpf 1.0 and later refuse",
            map.name, "declare it as a struct with __uint() and __type() in SEC(\".maps\")");
    }
}

}  // namespace gadget::validator
