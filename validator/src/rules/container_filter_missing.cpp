// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "rules.h"

namespace gadget::validator {
namespace {

using enum model::AttachKind;

// Programs that are attached to each container, not to the kernel as a whole.
bool is_per_container(const model::SectionName& section) {
    switch (section.kind->attach) {
        case uprobe:
        case uretprobe:
        case usdt:
        case socket_filter:
            return true;
        case iter:
            return section.target == "tcp" || section.target == "udp";
        default:
            return false;
    }
}

bool names_container(const model::EventSchema& schema) {
    return std::any_of(schema.fields.begin(), schema.fields.end(), [](const model::Field& field) {
        return field.has_type("gadget_mntns_id") || field.has_type("gadget_netns_id");
    });
}

bool watches_containers(const model::ObjectFacts& facts) {
    if (facts.find_map("gadget_mntns_filter_map") != nullptr) return true;
    for (const auto& [name, schema] : facts.structs) {
        if (names_container(schema)) return true;
    }
    for (const auto& iterator : facts.map_iterators) {
        const auto* map = facts.find_map(iterator.map);
        if (map == nullptr) continue;
        if (map->key_schema && names_container(*map->key_schema)) return true;
        if (map->value_schema && names_container(*map->value_schema)) return true;
    }
    return std::any_of(facts.programs.begin(), facts.programs.end(), [](const model::ProgramFacts& program) {
        return program.parsed && program.parsed->kind->prefix == "classifier";
    });
}

}  // namespace

void check_container_filter_missing(const Input& input, Reporter& report) {
    if (watches_containers(input.facts)) return;
    for (const auto& program : input.facts.programs) {
        if (!program.parsed || !is_per_container(*program.parsed)) continue;
        report.about_program(
            "program " + quoted(program.name) +
                " is attached per container, but nothing in the gadget asks " +
                "for containers: Inspektor Gadget attaches it to none",
            program, "add a field of type gadget_mntns_id or gadget_netns_id, or include <gadget/filter.h>");
        return;
    }
}

}  // namespace gadget::validator
