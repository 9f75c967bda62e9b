// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include <algorithm>
#include <bit>

#include "rules.h"

namespace gadget::validator {
void check_ringbuf_size(const Input& input, Reporter& report) {
    constexpr std::uint32_t kPage = 4096;
    for (const auto& map : input.facts.maps) {
        if (map.type != BPF_MAP_TYPE_RINGBUF && map.type != BPF_MAP_TYPE_USER_RINGBUF) continue;
        if (std::has_single_bit(map.max_entries) && map.max_entries >= kPage) continue;
        if (input.facts.find_variable(map.name + "_max_entries") != nullptr) continue;
        constexpr std::uint32_t kLargest = std::uint32_t{1} << 31;
        const auto better = std::clamp(map.max_entries, kPage, kLargest);
        report.about_symbol("ring buffer " + quoted(map.name) + " has " + std::to_string(map.max_entries) +
                                " bytes: the kernel wants a power of two that is a multiple of the page size",
                            map.name, "use " + std::to_string(std::bit_ceil(better)));
    }
}

}  // namespace gadget::validator
