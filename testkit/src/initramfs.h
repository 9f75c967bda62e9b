// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/testkit/kernels.h"
#include "job.h"

namespace gadget::testkit {

struct InitramfsFile {
    std::string name;  ///< relative to the folder of the job, or absolute
    std::span<const std::byte> content;
    unsigned mode = 0644;
};

/// The initramfs of a test machine: the runner as /init, the job, the modules that the job names, and
/// `files`, whose names are paths from the root. `job.modules` is filled with the modules of `kernel` that
/// the result port needs.
Result<Bytes> make_initramfs(const Kernel& kernel, std::span<const std::byte> runner, Job job,
                             const std::vector<InitramfsFile>& files);

/// Path of the runner inside a test machine, as a program to start.
inline constexpr const char* kGuestProgram = "/bin/gadget-run";

}  // namespace gadget::testkit
