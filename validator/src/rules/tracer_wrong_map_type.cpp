// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
namespace {

bool is_buffer(std::uint32_t type) {
    return type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

}  // namespace

void check_tracer_wrong_map_type(const Input& input, Reporter& report) {
    std::vector<std::string> buffers;
    for (const auto& map : input.facts.maps) {
        if (is_buffer(map.type)) buffers.push_back(printable(map.name));
    }
    const auto other =
        buffers.empty() ? std::string{} : "name " + join_words(buffers, "or") + " in GADGET_TRACER, or ";
    for (const auto& tracer : input.facts.tracers) {
        const auto* map = input.facts.find_map(tracer.map);
        if (map == nullptr || is_buffer(map->type)) continue;
        report.about_symbol(
            "tracer " + quoted(tracer.name) + " reads map " + quoted(tracer.map) + ", which is of type " +
                map->type_name + ": events come from a ringbuf or perf_event_array",
            tracer.map,
            other + "declare it with GADGET_TRACER_MAP(" + printable(tracer.map) + ", 1024 * 256)");
    }
}

}  // namespace gadget::validator
