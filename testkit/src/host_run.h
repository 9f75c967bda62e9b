// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "gadget/support/cancel.h"
#include "initramfs.h"
#include "job.h"
#include "kernel_run.h"
#include "machine.h"

namespace gadget::testkit {

/// Why BPF cannot be used on this kernel by this user, or "".
[[nodiscard]] std::string missing_host_permission();

struct HostRequest {
    std::filesystem::path runner;
    Job job;                           ///< paths as Cargo has them
    std::vector<InitramfsFile> files;  ///< laid out in a folder that goes away
    std::chrono::milliseconds limit{300'000};
};

/// Runs the job on this kernel, with the agent of `runner` as a child process. `permission_denied` when
/// BPF is not allowed, and there is more to do than to show recordings.
Result<RunEnd> run_on_host(HostRequest request, const FrameHandler& handler, const CancelToken& cancel);

}  // namespace gadget::testkit
