// SPDX-License-Identifier: Apache-2.0
// gadget test: the table of what passed where, and the reports.
#pragma once

#include <string>
#include <vector>

#include "commands.h"
#include "gadget/support/result.h"
#include "gadget/testkit.h"
#include "terminal.h"

namespace gadget::cli {

/// Test x kernel.
[[nodiscard]] std::string kernel_table(const testkit::TestRequest& request,
                                       const std::vector<testkit::TestResult>& results);
[[nodiscard]] std::string summary(const std::vector<testkit::TestResult>& results);

/// --list.
[[nodiscard]] std::string scenario_list(const std::vector<testkit::Scenario>& scenarios);

/// --report: `invalid_argument` for what is no kind of report.
Result<void> check_reports(const TestOptions& options);
/// Files, and annotations for GitHub on standard output.
Result<void> write_reports(const TestOptions& options, const testkit::TestRequest& request,
                           const std::vector<testkit::TestResult>& results, Terminal& terminal);

}  // namespace gadget::cli
