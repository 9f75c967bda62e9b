// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
void check_map_target_missing(const Input& input, Reporter& report) {
    using enum model::AttachKind;
    std::set<std::string_view> given;
    for (const auto& target : input.facts.map_targets) given.insert(target.program);
    for (const auto& program : input.facts.programs) {
        if (!program.parsed || given.contains(program.name)) continue;
        const auto kind = program.parsed->kind->attach;
        const bool walks_map = kind == iter && program.parsed->target == "bpf_map_elem";
        if (!walks_map && kind != sk_skb && kind != sk_msg) continue;
        const std::string macro = walks_map ? "GADGET_ITER_TARGET_MAP(" : "GADGET_SK_TARGET_MAP(";
        report.about_program(
            "program " + quoted(program.name) + " is attached to a map, but nothing says to which", program,
            "add " + macro + printable(program.name) + ", <map>);");
    }
}

}  // namespace gadget::validator
