// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
void check_tracer_unknown_map(const Input& input, Reporter& report) {
    for (const auto& tracer : input.facts.tracers) {
        if (input.facts.find_map(tracer.map) != nullptr) continue;
        report.about_symbol(
            "tracer " + quoted(tracer.name) + " reads map " + quoted(tracer.map) + ", which does not exist",
            tracer.variable,
            report.suggest_from(tracer.map, input.facts.maps,
                                "declare it: GADGET_TRACER_MAP(" + printable(tracer.map) + ", 1024 * 256);"));
    }
    for (const auto& buffer : input.facts.buffers) {
        if (input.facts.find_map(buffer) != nullptr) continue;
        report.about_symbol(
            "map " + quoted(buffer) + " is marked as a buffer of events, but does not exist",
            "gadget_map_tracer_" + buffer,
            report.suggest_from(buffer, input.facts.maps, "declare it with GADGET_TRACER_MAP"));
    }
}

}  // namespace gadget::validator
