// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "statistics.h"

namespace gadget::session {

Result<std::unique_ptr<Statistics>> make_process_statistics(const std::vector<std::string>& fields);
Result<std::unique_ptr<Statistics>> make_cgroup_statistics(const std::vector<std::string>& fields);
Result<std::unique_ptr<Statistics>> make_program_statistics(const std::vector<std::string>& fields);

}  // namespace gadget::session
