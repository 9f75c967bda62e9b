// SPDX-License-Identifier: Apache-2.0
// Markers: variables of gadget/macros.h whose names say what the object offers.
#include "facts.h"

namespace gadget::validator {
namespace {

constexpr std::string_view kSeparator = "___";

std::vector<std::string> parts_of(std::string_view payload) {
    std::vector<std::string> parts;
    while (true) {
        const auto end = payload.find(kSeparator);
        parts.emplace_back(payload.substr(0, end));
        if (end == std::string_view::npos) return parts;
        payload.remove_prefix(end + kSeparator.size());
    }
}

using Parts = std::vector<std::string>;

struct MarkerKind {
    std::string_view prefix;
    std::string_view macro;
    std::size_t least;  ///< parts
    std::size_t most;
    void (*add)(model::ObjectFacts& facts, Parts parts, std::string_view variable);
};

void add_tracer(model::ObjectFacts& facts, Parts parts, std::string_view variable) {
    facts.tracers.push_back(
        {std::move(parts[0]), std::move(parts[1]), std::move(parts[2]), std::string(variable)});
}

void add_iterator(model::ObjectFacts& facts, Parts parts, std::string_view variable) {
    facts.iterators.push_back({std::move(parts[0]), std::move(parts[1]),
                               Parts(parts.begin() + 2, parts.end()), std::string(variable)});
}

void add_map_iterator(model::ObjectFacts& facts, Parts parts, std::string_view variable) {
    facts.map_iterators.push_back({std::move(parts[0]), std::move(parts[1]), std::string(variable)});
}

void add_param(model::ObjectFacts& facts, Parts parts, std::string_view /*variable*/) {
    facts.params.push_back(std::move(parts[0]));
}

void add_buffer(model::ObjectFacts& facts, Parts parts, std::string_view /*variable*/) {
    facts.buffers.push_back(std::move(parts[0]));
}

void add_target(model::ObjectFacts& facts, Parts parts, std::string_view variable) {
    facts.map_targets.push_back({std::move(parts[0]), std::move(parts[1]), std::string(variable)});
}

constexpr std::size_t kNoLimit = 64;

constexpr MarkerKind kMarkers[] = {
    {"gadget_tracer_", "GADGET_TRACER(name, map, struct)", 3, 3, add_tracer},
    {"gadget_param_", "GADGET_PARAM(variable)", 1, 1, add_param},
    {"gadget_iter_", "GADGET_ITER(name, struct, program...)", 3, kNoLimit, add_iterator},
    {"gadget_snapshotter_", "GADGET_SNAPSHOTTER(name, struct, program...)", 3, kNoLimit, add_iterator},
    {"gadget_mapiter_", "GADGET_MAPITER(name, map)", 2, 2, add_map_iterator},
    {"gadget_map_tracer_", "GADGET_TRACER_MAP(name, size)", 1, 1, add_buffer},
    {"gadget_mapelem_iter_target_", "GADGET_ITER_TARGET_MAP(program, map)", 2, 2, add_target},
    {"gadget_sk_prog_target_", "GADGET_SK_TARGET_MAP(program, map)", 2, 2, add_target},
};

std::string problem_of(const MarkerKind& kind, const Parts& parts) {
    if (parts.size() < kind.least || parts.size() > kind.most) {
        return "its name has " + std::to_string(parts.size()) + " parts, " + std::string(kind.macro) +
               " makes " + (kind.most == kNoLimit ? "at least " : "") + std::to_string(kind.least);
    }
    for (const auto& part : parts) {
        if (part.empty()) return "a part of its name is empty";
    }
    return {};
}

}  // namespace

bool read_marker(std::string_view variable, bool is_marker_type, model::ObjectFacts& facts) {
    for (const auto& kind : kMarkers) {
        if (!variable.starts_with(kind.prefix)) continue;
        auto parts = parts_of(variable.substr(kind.prefix.size()));
        auto problem = problem_of(kind, parts);
        if (problem.empty() && !is_marker_type)
            problem = "it is not a global variable of type 'const void *'";
        if (problem.empty()) {
            kind.add(facts, std::move(parts), variable);
        } else {
            facts.bad_markers.push_back({std::string(variable), std::move(problem)});
        }
        return true;
    }
    // The companions of markers only keep the struct in BTF.
    return variable.starts_with("__gadget_tracer_type_") || variable.starts_with("unusedevent_");
}

}  // namespace gadget::validator
