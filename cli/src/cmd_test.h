// SPDX-License-Identifier: Apache-2.0
// gadget test: what its .cpp files share.
#pragma once

#include <string>
#include <vector>

#include "commands.h"
#include "gadget/support/diagnostic.h"
#include "gadget/testkit.h"
#include "gadget/testkit/kernels.h"

namespace gadget::cli {

/// gadget test --exec.
int test_command(const TestOptions& options, const std::vector<testkit::KernelSelector>& kernels,
                 const Context& context);

/// gadget test --shell.
int test_shell(const TestOptions& options, const std::vector<testkit::KernelSelector>& kernels,
               const Context& context);

/// gadget test --raw: what is to be loaded, a test for each program. Findings of a folder go to `findings`.
Result<testkit::TestRequest> prepare_raw(const TestOptions& options,
                                         const std::vector<testkit::KernelSelector>& kernels,
                                         const Context& context, DiagnosticList& findings);

/// --shard "2/5": every fifth kernel, from the second on. `invalid_argument` for other words.
Result<std::vector<testkit::KernelSelector>> shard_of(const std::string& shard,
                                                      std::vector<testkit::KernelSelector> kernels);

/// --matrix github: {"include":[{"kernel":"6.1","arch":"amd64"},...]}, for "strategy: matrix: ${{
/// fromJSON(...) }}".
[[nodiscard]] std::string github_matrix(const std::vector<testkit::KernelSelector>& kernels);

}  // namespace gadget::cli
