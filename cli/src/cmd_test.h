// SPDX-License-Identifier: Apache-2.0
// gadget test: what its .cpp files share.
#pragma once

#include <string>
#include <vector>

#include "commands.h"
#include "gadget/testkit/kernels.h"

namespace gadget::cli {

/// gadget test --exec.
int test_command(const TestOptions& options, const std::vector<testkit::KernelSelector>& kernels,
                 const Context& context);

/// --shard "2/5": every fifth kernel, from the second on. `invalid_argument` for other words.
Result<std::vector<testkit::KernelSelector>> shard_of(const std::string& shard,
                                                      std::vector<testkit::KernelSelector> kernels);

/// --matrix github: {"include":[{"kernel":"6.1","arch":"amd64"},...]}, for "strategy: matrix: ${{
/// fromJSON(...) }}".
[[nodiscard]] std::string github_matrix(const std::vector<testkit::KernelSelector>& kernels);

}  // namespace gadget::cli
