// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_tracer_map_unused(const Input& input, Reporter& report) {
    for (const auto& tracer : input.facts.tracers) {
        const auto* map = input.facts.find_map(tracer.map);
        if (map == nullptr || map->referenced || input.facts.programs.empty()) continue;
        report.about_symbol(
            "no program writes to map " + quoted(tracer.map) + ": tracer " + quoted(tracer.name) +
                " never has events",
            tracer.map,
            "send events with gadget_reserve_buf() and gadget_submit_buf(), or remove the tracer");
    }
}

}  // namespace gadget::validator
