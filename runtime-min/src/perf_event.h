// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/perf_event.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::runtime {

/// perf_event_open(2), close-on-exec. An invalid fd leaves errno.
UniqueFd open_perf_event(perf_event_attr& attributes, pid_t pid, int cpu);

/// Numbers of the CPUs in a list such as "0-3,8".
Result<std::vector<int>> parse_cpu_list(const std::string& text);
Result<std::vector<int>> online_cpus();

}  // namespace gadget::runtime
