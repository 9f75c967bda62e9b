// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
void check_tracer_wrong_map_type(const Input& input, Reporter& report) {
    for (const auto& tracer : input.facts.tracers) {
        const auto* map = input.facts.find_map(tracer.map);
        if (map == nullptr || map->type == BPF_MAP_TYPE_RINGBUF || map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
            continue;
        report.about_symbol(
            "tracer " + quoted(tracer.name) + " reads map " + quoted(tracer.map) + ", which is of type " +
                map->type_name + ": events come from a ringbuf or perf_event_array",
            tracer.map, "declare it with GADGET_TRACER_MAP(" + printable(tracer.map) + ", 1024 * 256)");
    }
}

}  // namespace gadget::validator
