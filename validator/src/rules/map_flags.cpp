// SPDX-License-Identifier: Apache-2.0
// Flags that kernels insist on or refuse, by type (map_alloc_check() of each type).
#include <linux/bpf.h>

#include <algorithm>
#include <iterator>

#include "rules.h"

namespace gadget::validator {
namespace {

struct FlagRule {
    std::uint32_t type;
    std::uint32_t required;
    std::uint32_t refused;
};

constexpr std::uint32_t kCgrpStorage = 32;  // BPF_MAP_TYPE_CGRP_STORAGE, since Linux 6.2
constexpr std::uint32_t kNoPrealloc = BPF_F_NO_PREALLOC;

constexpr FlagRule kRules[] = {
    {BPF_MAP_TYPE_LPM_TRIE, kNoPrealloc, 0},
    {BPF_MAP_TYPE_TASK_STORAGE, kNoPrealloc, 0},
    {BPF_MAP_TYPE_INODE_STORAGE, kNoPrealloc, 0},
    {BPF_MAP_TYPE_SK_STORAGE, kNoPrealloc, 0},
    {kCgrpStorage, kNoPrealloc, 0},
    {BPF_MAP_TYPE_LRU_HASH, 0, kNoPrealloc},
    {BPF_MAP_TYPE_LRU_PERCPU_HASH, 0, kNoPrealloc},
    {BPF_MAP_TYPE_ARRAY, 0, kNoPrealloc},
    {BPF_MAP_TYPE_PERCPU_ARRAY, 0, kNoPrealloc | BPF_F_MMAPABLE},
    {BPF_MAP_TYPE_PROG_ARRAY, 0, kNoPrealloc | BPF_F_MMAPABLE},
    {BPF_MAP_TYPE_HASH, 0, BPF_F_NO_COMMON_LRU | BPF_F_MMAPABLE},
    {BPF_MAP_TYPE_PERCPU_HASH, 0, BPF_F_NO_COMMON_LRU | BPF_F_MMAPABLE},
    {BPF_MAP_TYPE_RINGBUF, 0, kNoPrealloc | BPF_F_MMAPABLE},
    {BPF_MAP_TYPE_QUEUE, 0, kNoPrealloc},
    {BPF_MAP_TYPE_STACK, 0, kNoPrealloc},
};

std::string flag_names(std::uint32_t flags) {
    std::string names;
    const auto add = [&](std::uint32_t flag, std::string_view name) {
        if ((flags & flag) == 0) return;
        if (!names.empty()) names += " and ";
        names += name;
    };
    add(BPF_F_NO_PREALLOC, "BPF_F_NO_PREALLOC");
    add(BPF_F_NO_COMMON_LRU, "BPF_F_NO_COMMON_LRU");
    add(BPF_F_MMAPABLE, "BPF_F_MMAPABLE");
    return names;
}

}  // namespace

void check_map_flags(const Input& input, Reporter& report) {
    for (const auto& map : input.facts.maps) {
        const auto* rule = std::find_if(std::begin(kRules), std::end(kRules),
                                        [&](const FlagRule& each) { return each.type == map.type; });
        if (rule == std::end(kRules)) continue;
        const auto start = "map " + quoted(map.name) + ", of type " + map.type_name + ", ";
        if (const auto missing = rule->required & ~map.flags; missing != 0) {
            report.about_symbol(start + "needs the flag " + flag_names(missing), map.name,
                                "add __uint(map_flags, " + flag_names(missing) + ")");
        }
        if (const auto wrong = rule->refused & map.flags; wrong != 0) {
            report.about_symbol(start + "must not have the flag " + flag_names(wrong), map.name,
                                "remove it from map_flags");
        }
    }
}

}  // namespace gadget::validator
