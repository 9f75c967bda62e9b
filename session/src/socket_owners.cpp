// SPDX-License-Identifier: Apache-2.0
#include "socket_owners.h"

namespace gadget::session {
namespace {

constexpr const char* kMap = "gadget_sockets";
constexpr std::uint32_t kValueSize = 88;

/// gadget/sockets-map.h: programs are compiled against more, and ask whether it is there.
runtime::ExtraStruct value_layout() {
    return {.name = "gadget_socket_value",
            .size = kValueSize,
            .members = {{.name = "mntns", .offset = 0, .size = 8},
                        {.name = "pid_tgid", .offset = 8, .size = 8},
                        {.name = "uid_gid", .offset = 16, .size = 8},
                        {.name = "task", .offset = 24, .size = 1, .count = 16},
                        {.name = "ptask", .offset = 40, .size = 1, .count = 16},
                        {.name = "sock", .offset = 56, .size = 8},
                        {.name = "deletion_timestamp", .offset = 64, .size = 8},
                        {.name = "ppid", .offset = 72, .size = 4},
                        {.name = "ptid", .offset = 76, .size = 4},
                        {.name = "ipv6only", .offset = 80, .size = 1}}};
}

}  // namespace

bool asks_for_socket_owners(const model::ObjectFacts& facts) {
    return facts.find_map(kMap) != nullptr;
}

void plan_socket_owners(const model::ObjectFacts& facts, runtime::ManagerSpec& spec) {
    if (!asks_for_socket_owners(facts)) return;
    spec.options.extra_structs.push_back(value_layout());
    spec.map_edits.push_back({.map = kMap, .value_size = kValueSize});
}

}  // namespace gadget::session
