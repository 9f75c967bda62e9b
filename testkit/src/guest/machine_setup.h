// SPDX-License-Identifier: Apache-2.0
// What PID 1 does before and after the agent runs.
#pragma once

#include <string>
#include <vector>

#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::testkit::guest {

/// proc, sysfs, devtmpfs, tmpfs, tracefs, debugfs, bpffs, cgroup2. Only the first four must succeed.
Result<void> mount_file_systems();
/// Loads the modules in order; the first failure is returned, one that is loaded already is fine.
Result<void> load_modules(const std::vector<std::string>& paths);
/// Brings the loopback interface up; without one there is nothing to do.
void bring_loopback_up();
/// The virtio port called `name`, nullopt-like invalid when the machine has none.
[[nodiscard]] UniqueFd open_virtio_port(std::string_view name);
/// Runs a program with the console as its terminal, to its end.
Result<void> run_on_console(const std::vector<std::string>& argv);
[[noreturn]] void power_off();

}  // namespace gadget::testkit::guest
