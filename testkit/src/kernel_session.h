// SPDX-License-Identifier: Apache-2.0
// One job on one kernel, wherever that kernel is: in a machine, or this one.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gadget/support/cancel.h"
#include "gadget/testkit/kernels.h"
#include "initramfs.h"
#include "job.h"
#include "kernel_run.h"
#include "machine.h"

namespace gadget::testkit {

/// What is needed to run anything on a kernel.
struct KernelPlace {
    std::map<model::Arch, std::filesystem::path> runners;
    std::filesystem::path cache;
    std::chrono::milliseconds boot_timeout{300'000};
    unsigned memory_mib = 256;
    MachineDebug debug{};
};

/// The paths of `job` that start with "@/" are those of `files`; `@program` is the runner.
struct Cargo {
    Job job;
    std::vector<InitramfsFile> files;
    std::chrono::milliseconds limit{300'000};  ///< for everything after the boot
};

using Tell = std::function<void(std::string_view step)>;

/// Runs `cargo` on the kernel and passes the frames of its agent to `handler`. An Error means that there was
/// no kernel, no machine or no runner; how the run went wrong stands in RunEnd.
Result<RunEnd> run_on_kernel(const KernelSelector& kernel, const KernelPlace& place, Cargo cargo,
                             const FrameHandler& handler, const Tell& tell, const CancelToken& cancel);

/// The command line of the machine that run_on_kernel() would start, with the initramfs in `initramfs`: what
/// the agent says comes on the console. `invalid_argument` for the host.
Result<std::vector<std::string>> machine_command(const KernelSelector& kernel, const KernelPlace& place,
                                                 Cargo cargo, const std::filesystem::path& initramfs,
                                                 const CancelToken& cancel);

/// The job with the paths of a place: "@/x" becomes `folder`/x, "@program" `program`.
[[nodiscard]] Job at_place(Job job, const std::string& folder, const std::string& program);

/// `unsupported` when there is no runner for the architecture.
Result<void> check_runner(const std::map<model::Arch, std::filesystem::path>& runners, model::Arch arch);

}  // namespace gadget::testkit
