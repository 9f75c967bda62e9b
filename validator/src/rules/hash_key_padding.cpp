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

std::string place_of(const model::Hole& hole) {
    return hole.after.empty() ? "at its start" : "after " + quoted(hole.after);
}

// "3 bytes of padding (after 'cpu')", "15 bytes of padding (12 after 'netns', 3 after 'proto')"
std::string describe(const std::vector<model::Hole>& holes) {
    constexpr std::size_t kNamed = 4;
    std::uint32_t bytes = 0;
    std::string places;
    for (std::size_t i = 0; i < holes.size(); ++i) {
        bytes += holes[i].size;
        if (i < kNamed)
            places += (i == 0 ? "" : ", ") + (holes.size() == 1 ? "" : std::to_string(holes[i].size) + " ") +
                      place_of(holes[i]);
        if (i == kNamed) places += ", ...";
    }
    return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes") + " of padding (" + places + ")";
}

}  // namespace

void check_hash_key_padding(const Input& input, Reporter& report) {
    for (const auto& map : input.facts.maps) {
        // The socket enricher fills gadget_sockets, whose key has this layout.
        if (map.key_holes.empty() || !hashes_keys(map.type) || map.name == "gadget_sockets") continue;
        const auto& hole = map.key_holes.front();
        report.about_symbol("the key of map " + quoted(map.name) + ", " + quoted(map.key_type) + ", has " +
                                describe(map.key_holes) + ": its undefined content makes lookups fail",
                            map.name,
                            "make it a member, e.g. __u8 __pad[" + std::to_string(hole.size) + "]; " +
                                place_of(hole) + ", and set the key to zero before use");
    }
}

}  // namespace gadget::validator
