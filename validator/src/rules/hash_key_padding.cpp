// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include <algorithm>
#include <iterator>

#include "rules.h"

namespace gadget::validator {
namespace {

bool hashes_keys(std::uint32_t type) {
    constexpr std::uint32_t kTypes[] = {BPF_MAP_TYPE_HASH,         BPF_MAP_TYPE_PERCPU_HASH,
                                        BPF_MAP_TYPE_LRU_HASH,     BPF_MAP_TYPE_LRU_PERCPU_HASH,
                                        BPF_MAP_TYPE_HASH_OF_MAPS, BPF_MAP_TYPE_SOCKHASH};
    return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

}  // namespace

void check_hash_key_padding(const Input& input, Reporter& report) {
    for (const auto& map : input.facts.maps) {
        // The socket enricher fills gadget_sockets, whose key has this layout.
        if (map.key_holes.empty() || !hashes_keys(map.type) || map.name == "gadget_sockets") continue;
        const auto& hole = map.key_holes.front();
        std::uint32_t bytes = 0;
        for (const auto& each : map.key_holes) bytes += each.size;
        report.about_symbol("the key of map " + quoted(map.name) + ", " + quoted(map.key_type) + ", has " +
                                std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes") + " of padding" +
                                (hole.after.empty() ? "" : " (after " + quoted(hole.after) + ")") +
                                ": its undefined content makes lookups fail",
                            map.name,
                            "make it a member, e.g. __u8 __pad[" + std::to_string(hole.size) +
                                "];, and set the key to zero before use");
    }
}

}  // namespace gadget::validator
