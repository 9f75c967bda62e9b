// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include <algorithm>
#include <iterator>

#include "rules.h"

namespace gadget::validator {
namespace {

enum class Size : std::uint8_t { any, none, some, four, four_or_eight };

struct MapRule {
    std::uint32_t type;
    Size key;
    Size value;
    Size entries;
};

constexpr std::uint32_t kCgrpStorage = 32;  // BPF_MAP_TYPE_CGRP_STORAGE, since Linux 6.2
constexpr std::uint32_t kArena = 33;        // BPF_MAP_TYPE_ARENA, since Linux 6.9

// Documentation/bpf/map_*.rst; only what every kernel refuses.
constexpr MapRule kMapRules[] = {
    {BPF_MAP_TYPE_HASH, Size::some, Size::some, Size::some},
    {BPF_MAP_TYPE_PERCPU_HASH, Size::some, Size::some, Size::some},
    {BPF_MAP_TYPE_LRU_HASH, Size::some, Size::some, Size::some},
    {BPF_MAP_TYPE_LRU_PERCPU_HASH, Size::some, Size::some, Size::some},
    {BPF_MAP_TYPE_ARRAY, Size::four, Size::some, Size::some},
    {BPF_MAP_TYPE_PERCPU_ARRAY, Size::four, Size::some, Size::some},
    {BPF_MAP_TYPE_PROG_ARRAY, Size::four, Size::four, Size::some},
    {BPF_MAP_TYPE_STACK_TRACE, Size::four, Size::some, Size::some},
    {BPF_MAP_TYPE_CGROUP_ARRAY, Size::four, Size::four, Size::some},
    {BPF_MAP_TYPE_ARRAY_OF_MAPS, Size::four, Size::four, Size::some},
    {BPF_MAP_TYPE_HASH_OF_MAPS, Size::some, Size::four, Size::some},
    {BPF_MAP_TYPE_LPM_TRIE, Size::some, Size::some, Size::some},
    {BPF_MAP_TYPE_QUEUE, Size::none, Size::some, Size::some},
    {BPF_MAP_TYPE_STACK, Size::none, Size::some, Size::some},
    {BPF_MAP_TYPE_RINGBUF, Size::none, Size::none, Size::any},
    {BPF_MAP_TYPE_USER_RINGBUF, Size::none, Size::none, Size::any},
    {BPF_MAP_TYPE_TASK_STORAGE, Size::four, Size::some, Size::none},
    {BPF_MAP_TYPE_INODE_STORAGE, Size::four, Size::some, Size::none},
    {BPF_MAP_TYPE_SK_STORAGE, Size::four, Size::some, Size::none},
    {kCgrpStorage, Size::four, Size::some, Size::none},
    {BPF_MAP_TYPE_CGROUP_STORAGE, Size::some, Size::some, Size::none},
    {BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, Size::some, Size::some, Size::none},
    {BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, Size::four, Size::four_or_eight, Size::some},
    {BPF_MAP_TYPE_SOCKMAP, Size::four, Size::four_or_eight, Size::some},
    {BPF_MAP_TYPE_SOCKHASH, Size::some, Size::four_or_eight, Size::some},
    {BPF_MAP_TYPE_DEVMAP, Size::four, Size::four_or_eight, Size::some},
    {BPF_MAP_TYPE_DEVMAP_HASH, Size::four, Size::four_or_eight, Size::some},
    {BPF_MAP_TYPE_CPUMAP, Size::four, Size::four_or_eight, Size::some},
    {BPF_MAP_TYPE_XSKMAP, Size::four, Size::four, Size::some},
    {BPF_MAP_TYPE_BLOOM_FILTER, Size::none, Size::some, Size::some},
    {kArena, Size::none, Size::none, Size::some},
};

// What is wrong with the part of that name; empty when nothing is.
std::string problem(Size size, std::uint32_t actual, const std::string& part) {
    if (size == Size::none && actual != 0) return "must not have " + part;
    if (size == Size::some && actual == 0) return "needs " + part;
    if (size == Size::four && actual != 4) {
        return "needs " + part + " of 4 bytes" + (actual == 0 ? "" : ", not " + std::to_string(actual));
    }
    if (size == Size::four_or_eight && actual != 4 && actual != 8) {
        return "needs " + part + " of 4 or 8 bytes" + (actual == 0 ? "" : ", not " + std::to_string(actual));
    }
    return {};
}

}  // namespace

void check_map_sizes(const Input& input, Reporter& report) {
    for (const auto& map : input.facts.maps) {
        if (map.type == BPF_MAP_TYPE_UNSPEC) {
            report.about_symbol("map " + quoted(map.name) + " has no type", map.name,
                                "add __uint(type, BPF_MAP_TYPE_HASH)");
            continue;
        }
        const auto* rule = std::find_if(std::begin(kMapRules), std::end(kMapRules),
                                        [&](const MapRule& each) { return each.type == map.type; });
        if (rule == std::end(kMapRules)) continue;
        const auto check = [&](const std::string& what, Size size, std::uint32_t actual, std::string hint) {
            const auto found = problem(size, actual, what);
            if (found.empty()) return;
            report.about_symbol("map " + quoted(map.name) + ", of type " + map.type_name + ", " + found,
                                map.name, std::move(hint));
        };
        check("a key", rule->key, map.key_size,
              rule->key == Size::none ? "remove the key" : "declare it with __type(key, ...)");
        check("a value", rule->value, map.value_size,
              rule->value == Size::none ? "remove the value" : "declare it with __type(value, ...)");
        // Userspace sets the number of entries before it loads the map when there is a variable for it.
        if (rule->entries == Size::some && input.facts.find_variable(map.name + "_max_entries") != nullptr)
            continue;
        check("max_entries", rule->entries, map.max_entries,
              rule->entries == Size::none ? "remove max_entries" : "add __uint(max_entries, ...)");
    }
}

}  // namespace gadget::validator
