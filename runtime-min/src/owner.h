// SPDX-License-Identifier: Apache-2.0
// Names of what stays in the kernel when its maker dies: a trace event, a tc filter. They tell the maker by
// process id and start time, so that leftovers can be told from what is in use, also after the id was given
// to somebody else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "gadget/support/result.h"

namespace gadget::runtime {

struct Owner {
    std::uint32_t pid = 0;
    std::uint64_t start = 0;  ///< of the process, in clock ticks since the machine came up
    std::uint32_t space = 0;  ///< the low bits of the namespace's inode that the id is from

    friend bool operator==(const Owner&, const Owner&) = default;
};

/// This process, as the proc file system at `proc` numbers it: in a container that is not what getpid() says.
Result<Owner> find_owner(const std::filesystem::path& proc);
/// True when it is certain: `proc` shows the namespace of the id, and no such process runs, or another one
/// under that id.
bool is_dead(const Owner& owner, const std::filesystem::path& proc);

/// The group of our trace events.
inline constexpr std::string_view kEventGroup = "gadgetkit";
/// Longest name that the kernel takes for an event: 64 with the terminator.
inline constexpr std::size_t kMaxEventName = 63;

struct EventName {
    bool returns = false;
    std::string symbol;
    std::string uid;
    Owner owner;
    unsigned number = 0;  ///< tells events apart that agree in everything else
};
/// "p_do_sys_open_uid_4711_1f3a_fffffc_0": letters, digits and '_'. The symbol is cut to what is left;
/// `invalid_argument` when the uid leaves it less than 10 characters.
Result<std::string> event_name(const EventName& name);
/// The owner in a name that event_name() made; nullopt for any other.
std::optional<Owner> event_owner(std::string_view name);

/// "gadgetkit:on_egress#uid:4711:1f3a:fffffc". The uid is taken as it is.
std::string filter_name(std::string_view probe, const Owner& owner);
struct FilterOwner {
    std::string probe;
    Owner owner;
};
std::optional<FilterOwner> parse_filter_name(std::string_view name);

}  // namespace gadget::runtime
