// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include <map>

#include "rules.h"

namespace gadget::validator {
void check_map_target_mismatch(const Input& input, Reporter& report) {
    using enum model::AttachKind;
    std::map<std::pair<bool, std::string_view>, std::string_view> seen;
    for (const auto& target : input.facts.map_targets) {
        const bool for_iterator = target.variable.starts_with("gadget_mapelem_iter_target_");
        const auto [first, added] = seen.try_emplace({for_iterator, target.program}, target.map);
        if (!added) {
            report.about_symbol("program " + quoted(target.program) + " is given two maps, " +
                                    quoted(first->second) + " and " + quoted(target.map) +
                                    ": the gadget does not start",
                                target.variable, "remove one of the markers");
        }
        const auto* program = input.facts.find_program(target.program);
        if (program != nullptr && program->parsed) {
            const auto kind = program->parsed->kind->attach;
            const bool fits = for_iterator ? kind == iter && program->parsed->target == "bpf_map_elem"
                                           : kind == sk_skb || kind == sk_msg;
            if (!fits) {
                report.about_program("program " + quoted(target.program) +
                                         " is given a map, but is in section " + quoted(program->section),
                                     *program,
                                     for_iterator
                                         ? "GADGET_ITER_TARGET_MAP is for programs in iter/bpf_map_elem"
                                         : "GADGET_SK_TARGET_MAP is for programs in sk_skb/... and sk_msg");
            }
        }
        const auto* map = input.facts.find_map(target.map);
        if (map == nullptr || for_iterator || map->type == BPF_MAP_TYPE_SOCKMAP ||
            map->type == BPF_MAP_TYPE_SOCKHASH)
            continue;
        report.about_symbol("program " + quoted(target.program) + " is given map " + quoted(target.map) +
                                ", which is of type " + map->type_name,
                            target.map, "socket programs are attached to a sockmap or sockhash");
    }
}

}  // namespace gadget::validator
