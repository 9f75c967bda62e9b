// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gadget/support/cancel.h"
#include "job.h"
#include "kernel_run.h"

namespace gadget::testkit {

/// Why BPF cannot be used on this kernel by this user, or "".
[[nodiscard]] std::string missing_host_permission();

/// Runs the scenarios on this kernel, with the agent of `runner` as a child process. `permission_denied` when
/// BPF is not allowed.
Result<RunEnd> run_on_host(const TestRequest& request, const std::filesystem::path& runner, KernelRun& run,
                           const CancelToken& cancel);

}  // namespace gadget::testkit
