// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::runtime {

/// The root folder of the tracing file system as a descriptor: where it is mounted, else a private instance
/// that no path leads to (Linux 5.2, CAP_SYS_ADMIN), so that nothing of the machine changes.
Result<UniqueFd> open_tracefs();
/// The first of these folders that is one, invalid when none is.
UniqueFd find_tracefs(std::span<const char* const> folders);

/// The number of a tracepoint for perf_event_open(2). `not_found` with a suggestion when there is no such
/// event.
Result<std::uint64_t> tracepoint_id(const std::string& category, const std::string& name);

/// The whole of a small file of /proc, /sys or tracefs relative to `directory` (AT_FDCWD: a path).
Result<std::string> read_small_file(int directory, const std::string& path);

}  // namespace gadget::runtime
