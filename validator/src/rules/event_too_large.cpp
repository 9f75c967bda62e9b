// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include "rules.h"

namespace gadget::validator {
namespace {

constexpr std::uint32_t kDefaultLimit = 10240;  // GADGET_MAX_EVENT_SIZE of gadget/buffer.h
constexpr std::uint32_t kRecordHeader = 8;      // BPF_RINGBUF_HDR_SZ

}  // namespace

void check_event_too_large(const Input& input, Reporter& report) {
    const auto* scratch = input.facts.find_map("gadget_heap");
    const auto limit = scratch != nullptr && scratch->value_size != 0 ? scratch->value_size : kDefaultLimit;
    for (const auto& tracer : input.facts.tracers) {
        const auto event = input.facts.structs.find(tracer.struct_name);
        const auto* map = input.facts.find_map(tracer.map);
        if (event == input.facts.structs.end() || map == nullptr) continue;
        const auto size = event->second.size;
        const auto message =
            "events of tracer " + quoted(tracer.name) + " have " + std::to_string(size) + " bytes, ";
        if (map->type == BPF_MAP_TYPE_RINGBUF && map->max_entries != 0 &&
            size + kRecordHeader > map->max_entries) {
            report.about_symbol(message + "but their ring buffer has " + std::to_string(map->max_entries),
                                tracer.map, "make the ring buffer larger: room for thousands of events");
        } else if (size > limit) {
            report.about_symbol(
                message + "but buffers for events have " + std::to_string(limit), tracer.variable,
                "make the event smaller, or define GADGET_MAX_EVENT_SIZE before <gadget/buffer.h>");
        }
    }
}

}  // namespace gadget::validator
