// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include <algorithm>
#include <iterator>

#include "rules.h"

namespace gadget::validator {
namespace {

enum class Size : std::uint8_t { any, none, some, four };

struct MapRule {
    std::uint32_t type;
    Size key;
    Size value;
    Size entries;
};

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
};

// What is wrong with the part of that name; empty when nothing is.
std::string problem(Size size, std::uint32_t actual, const std::string& part) {
    if (size == Size::none && actual != 0) return "must not have " + part;
    if (size == Size::some && actual == 0) return "needs " + part;
    if (size == Size::four && actual != 4) {
        return "needs " + part + " of 4 bytes" + (actual == 0 ? "" : ", not " + std::to_string(actual));
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
