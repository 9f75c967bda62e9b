// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include "rules.h"

namespace gadget::validator {
namespace {

bool holds_maps(std::uint32_t type) {
    return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

// Why the kernel takes no such map as a template; empty when it does.
std::string problem_of(const model::InnerMapFacts& inner) {
    if (inner.type == BPF_MAP_TYPE_UNSPEC) return "has no type";
    if (holds_maps(inner.type)) return "is a map of maps itself: one level is allowed";
    if (inner.type == BPF_MAP_TYPE_PROG_ARRAY || inner.type == BPF_MAP_TYPE_CGROUP_STORAGE ||
        inner.type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE || inner.type == BPF_MAP_TYPE_STRUCT_OPS)
        return "is of type " + inner.type_name + ", which cannot be inside another";
    // Perf buffers get one entry for each CPU.
    if (inner.max_entries == 0 && inner.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY) return "has no max_entries";
    return {};
}

}  // namespace

void check_map_inner(const Input& input, Reporter& report) {
    for (const auto& map : input.facts.maps) {
        if (map.legacy) continue;
        if (holds_maps(map.type) && !map.inner) {
            report.about_symbol("map " + quoted(map.name) + ", of type " + map.type_name +
                                    ", does not say what maps it holds",
                                map.name,
                                "add __array(values, struct inner), with struct inner declared like a map");
        } else if (map.inner && !holds_maps(map.type)) {
            report.about_symbol(
                "map " + quoted(map.name) + ", of type " + map.type_name + ", cannot hold maps", map.name,
                "use BPF_MAP_TYPE_ARRAY_OF_MAPS or BPF_MAP_TYPE_HASH_OF_MAPS");
        } else if (map.inner) {
            const auto problem = problem_of(*map.inner);
            if (!problem.empty())
                report.about_symbol("the inner map of " + quoted(map.name) + " " + problem, map.name);
        }
        if (map.has_programs && map.type != BPF_MAP_TYPE_PROG_ARRAY) {
            report.about_symbol(
                "map " + quoted(map.name) + ", of type " + map.type_name + ", cannot hold programs", map.name,
                "use BPF_MAP_TYPE_PROG_ARRAY");
        }
    }
}

}  // namespace gadget::validator
