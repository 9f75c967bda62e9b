// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/unique_fd.h"

namespace gadget::testkit::guest {

/// Whether a line of the kernel's log reports that the kernel itself is unwell: BUG, WARNING, oops, lockup,
/// stall, a process killed for lack of memory.
[[nodiscard]] bool is_kernel_problem(std::string_view message);

/// Follows /dev/kmsg from now on. Without permission it sees nothing.
class KernelLog {
  public:
    KernelLog();
    /// The problems logged since the last call.
    [[nodiscard]] std::vector<std::string> new_problems();

  private:
    UniqueFd fd_;
};

}  // namespace gadget::testkit::guest
