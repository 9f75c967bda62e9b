// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "statistics.h"

namespace gadget::session {

Result<std::unique_ptr<Statistics>> make_process_statistics(const std::vector<std::string>& fields);
/// `root`: where the unified hierarchy is mounted; empty: as /proc/self/mountinfo says.
Result<std::unique_ptr<Statistics>> make_cgroup_statistics(const std::vector<std::string>& fields,
                                                           std::string root = "");
Result<std::unique_ptr<Statistics>> make_program_statistics(const std::vector<std::string>& fields);

}  // namespace gadget::session
