// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
namespace {

// The first difference, in words; empty when there is none.
std::string difference(const model::EventSchema& a, const model::EventSchema& b, const std::string& other) {
    for (const auto& field : a.fields) {
        const auto* twin = b.find(field.path);
        if (twin == nullptr) return "member " + quoted(field.path) + " is not in the " + other;
        if (field.offset != twin->offset) {
            return "member " + quoted(field.path) + " is at offset " + std::to_string(field.offset) +
                   ", in the " + other + " at " + std::to_string(twin->offset);
        }
        if (field.size != twin->size || field.kind != twin->kind) {
            return "member " + quoted(field.path) + " is a " + std::string(to_string(field.kind)) + " of " +
                   std::to_string(field.size) + " bytes, in the " + other + " a " +
                   std::string(to_string(twin->kind)) + " of " + std::to_string(twin->size);
        }
    }
    for (const auto& field : b.fields) {
        if (a.find(field.path) == nullptr) return "member " + quoted(field.path) + " is only in the " + other;
    }
    if (a.size == b.size) return {};
    return "it has " + std::to_string(a.size) + " bytes, in the " + other + " " + std::to_string(b.size);
}

}  // namespace

void compare_arch_layout_differs(const model::ObjectFacts& a, const model::ObjectFacts& b, Reporter& report) {
    const auto check = [&](const model::EventSchema& first, const model::EventSchema& second,
                           const std::string& what) {
        const auto found = difference(first, second, printable(b.object));
        if (found.empty()) return;
        report.about_symbol("the layout of " + what + " differs: " + found, first.struct_name,
                            "use members of fixed size and the same ones everywhere: __u64 instead of long");
    };
    for (const auto& [name, schema] : a.structs) {
        const auto other = b.structs.find(name);
        if (other != b.structs.end()) check(schema, other->second, "'struct " + printable(name) + "'");
    }
    for (const auto& iterator : a.map_iterators) {
        const auto* map = a.find_map(iterator.map);
        const auto* other = b.find_map(iterator.map);
        if (map == nullptr || other == nullptr) continue;
        if (map->key_schema && other->key_schema)
            check(*map->key_schema, *other->key_schema, "the key of map " + quoted(map->name));
        if (map->value_schema && other->value_schema)
            check(*map->value_schema, *other->value_schema, "the value of map " + quoted(map->name));
    }
}

}  // namespace gadget::validator
