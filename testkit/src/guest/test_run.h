// SPDX-License-Identifier: Apache-2.0
// One test from its begin to its end, in the surroundings that the calling process has.
#pragma once

#include <string>

#include "../job.h"
#include "channel.h"

namespace gadget::testkit::guest {

/// Runs `test` in `folder`, which exists and is empty, and reports to `channel`.
void run_test(const Job& job, const JobTest& test, const std::string& folder, Channel& channel);

}  // namespace gadget::testkit::guest
