// SPDX-License-Identifier: Apache-2.0
// What the text of an event depends on besides the event: clocks, name tables, architecture. A plain value
// that the caller fills, so that the library reads nothing by itself and tests see the same text on every
// machine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/event_schema.h"
#include "gadget/model/platform.h"

namespace gadget::events {

/// Names by user or group id.
using NameTable = std::map<std::uint32_t, std::string>;

/// The table in the text of /etc/passwd or /etc/group ("name:password:id:..."). The first name of an id wins;
/// lines that do not follow the form are ignored, as the C library does.
[[nodiscard]] NameTable parse_name_table(std::string_view text);

struct Environment {
    /// Wall clock minus boot clock, in nanoseconds: what turns bpf_ktime_get_boot_ns() into a date.
    std::int64_t boot_to_wall_ns = 0;
    /// Seconds east of UTC at a Unix time. Empty: UTC. Called at most once for each second seen.
    std::function<int(std::int64_t unix_seconds)> utc_offset{};
    /// Wall clock in nanoseconds, shown for timestamps of 0. Empty: the system's clock.
    std::function<std::int64_t()> now{};
    /// Names for gadget_uid and gadget_gid; nullopt: no name fields are added.
    std::optional<NameTable> users{};
    std::optional<NameTable> groups{};
    /// Whose system call numbers gadget_syscall holds.
    model::Arch arch = model::host_arch();
    /// Enumerators of the running kernel by enum tag; they win over those of the object.
    std::map<std::string, std::vector<model::Enumerator>> kernel_enums{};
    /// Appends the text of a kernel stack ("symbol; symbol; ") to `out`. Empty: no field is added.
    std::function<void(std::uint32_t stack_id, std::string& out)> kernel_stack{};
};

}  // namespace gadget::events
