// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
namespace {

std::string describe(const model::MapFacts& map) {
    return "of type " + map.type_name + ", key of " + std::to_string(map.key_size) + ", value of " +
           std::to_string(map.value_size) + " bytes, " + std::to_string(map.max_entries) + " entries";
}

}  // namespace

void compare_arch_map_differs(const model::ObjectFacts& a, const model::ObjectFacts& b, Reporter& report) {
    for (const auto& map : a.maps) {
        const auto* other = b.find_map(map.name);
        if (other == nullptr) {
            report.about_symbol("map " + quoted(map.name) + " is not in the " + printable(b.object), map.name,
                                "declare it on all architectures");
        } else if (describe(map) != describe(*other)) {
            report.about_symbol("map " + quoted(map.name) + " differs: in the " + printable(a.object) + " " +
                                    describe(map) + "; in the " + printable(b.object) + " " +
                                    describe(*other),
                                map.name, "use types of fixed size: __u64 instead of long");
        }
    }
    for (const auto& map : b.maps) {
        if (a.find_map(map.name) != nullptr) continue;
        report.about_symbol("map " + quoted(map.name) + " is only in the " + printable(b.object), map.name,
                            "declare it on all architectures");
    }
}

}  // namespace gadget::validator
