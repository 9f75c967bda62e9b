// SPDX-License-Identifier: Apache-2.0
// Sizes that kernels refuse although they are given (map_alloc_check() of each type).
#include <linux/bpf.h>

#include <algorithm>
#include <initializer_list>

#include "rules.h"

namespace gadget::validator {
namespace {

constexpr std::uint32_t kMaxKey = 512;            // MAX_BPF_STACK
constexpr std::uint32_t kMaxPerCpuValue = 32768;  // PCPU_MIN_UNIT_SIZE
constexpr std::uint32_t kMaxStack = 127 * 8;      // kernel.perf_event_max_stack, as it is set everywhere
constexpr std::uint32_t kMaxTrieKey = 4 + 256;    // struct bpf_lpm_trie_key with LPM_DATA_SIZE_MAX

bool is(std::uint32_t type, std::initializer_list<std::uint32_t> types) {
    return std::find(types.begin(), types.end(), type) != types.end();
}

struct Problem {
    std::string message;
    std::string hint;
};

std::string bytes(std::uint32_t count) {
    return std::to_string(count) + (count == 1 ? " byte" : " bytes");
}

Problem problem_of(std::uint32_t type, std::uint32_t key, std::uint32_t value) {
    if (is(type, {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_LRU_HASH,
                  BPF_MAP_TYPE_LRU_PERCPU_HASH, BPF_MAP_TYPE_HASH_OF_MAPS, BPF_MAP_TYPE_SOCKHASH}) &&
        key > kMaxKey)
        return {"a key of " + bytes(key) + ": the limit is " + bytes(kMaxKey),
                "use a hash of the key, or a shorter prefix of it"};
    if (is(type, {BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY}) &&
        value > kMaxPerCpuValue)
        return {
            "a value of " + bytes(value) + ": the limit of values for each CPU is " + bytes(kMaxPerCpuValue),
            "make it smaller, or use a map that is not per CPU"};
    if (type == BPF_MAP_TYPE_LPM_TRIE && key != 0 && (key <= 4 || key > kMaxTrieKey))
        return {"a key of " + bytes(key) +
                    ": it has to begin with 4 bytes for the length of the prefix, "
                    "and 1 to 256 bytes of data follow",
                "use struct { __u32 prefixlen; __u8 data[4]; }"};
    if (type == BPF_MAP_TYPE_STACK_TRACE && value != 0 && (value % 8 != 0 || value > kMaxStack))
        return {"a value of " + bytes(value) + ": it has to be 8 bytes for each of at most 127 frames",
                "use __uint(value_size, 127 * sizeof(__u64))"};
    if (type == BPF_MAP_TYPE_SK_STORAGE && value > 65000)
        return {"a value of " + bytes(value) + ": the limit is about 64 KiB", "make it smaller"};
    return {};
}

}  // namespace

void check_map_limits(const Input& input, Reporter& report) {
    for (const auto& map : input.facts.maps) {
        const auto say = [&](const std::string& what, const Problem& problem) {
            if (problem.message.empty()) return;
            report.about_symbol(what + " has " + problem.message, map.name, problem.hint);
        };
        say("map " + quoted(map.name), problem_of(map.type, map.key_size, map.value_size));
        if (map.inner)
            say("the inner map of " + quoted(map.name),
                problem_of(map.inner->type, map.inner->key_size, map.inner->value_size));
    }
}

}  // namespace gadget::validator
