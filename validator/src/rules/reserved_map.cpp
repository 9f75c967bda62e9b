// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include "rules.h"

namespace gadget::validator {
namespace {

struct Reserved {
    std::string_view name;
    std::uint32_t type;
    std::uint32_t key_size;
    std::uint32_t value_size;  ///< 0 = any
    std::string_view header;
};

// Maps that userspace replaces or reads by name, with what it expects of them.
constexpr Reserved kReserved[] = {
    {"gadget_mntns_filter_map", BPF_MAP_TYPE_HASH, 8, 4, "<gadget/mntns_filter.h>"},
    {"gadget_sockets", BPF_MAP_TYPE_HASH, 12, 0, "<gadget/sockets-map.h>"},
    {"ig_kstack", BPF_MAP_TYPE_STACK_TRACE, 4, 0, "<gadget/kernel_stack_map.h>"},
    {"ig_ustack", BPF_MAP_TYPE_STACK_TRACE, 4, 0, "<gadget/user_stack_map.h>"},
    {"ig_build_id", BPF_MAP_TYPE_HASH, 4, 0, "<gadget/user_stack_map.h>"},
};

}  // namespace

void check_reserved_map(const Input& input, Reporter& report) {
    for (const auto& reserved : kReserved) {
        const auto* map = input.facts.find_map(reserved.name);
        if (map == nullptr) continue;
        if (map->type == reserved.type && map->key_size == reserved.key_size &&
            (reserved.value_size == 0 || map->value_size == reserved.value_size))
            continue;
        report.about_symbol("map " + quoted(map->name) +
                                " has a name that userspace looks for, but another type or key: " +
                                "it will not be used as meant",
                            map->name, "rename it, or take it from " + std::string(reserved.header));
    }
}

}  // namespace gadget::validator
