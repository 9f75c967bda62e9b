// SPDX-License-Identifier: Apache-2.0
// Kernels out of distribution packages: choosing, downloading with the package manager, taking the parts that
// we need.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "gadget/model/platform.h"
#include "gadget/support/cancel.h"
#include "gadget/support/files.h"
#include "gadget/support/progress.h"
#include "gadget/support/result.h"
#include "tar_reader.h"

namespace gadget::testkit {

/// The parts of a kernel, in memory.
struct KernelParts {
    std::string release;
    std::string package;
    std::string version;
    Bytes image;                                         ///< as packaged
    std::vector<std::pair<std::string, Bytes>> modules;  ///< "veth.ko" and content
};

/// Takes the image and the modules out of a tar: names below boot/ and lib/modules/, wherever those are.
[[nodiscard]] TarReader kernel_tar_reader(KernelParts& parts);

/// Adds what the package file `deb` has to `parts`.
Result<void> unpack_kernel_package(const std::filesystem::path& deb, KernelParts& parts,
                                   const CancelToken& cancel);

/// Downloads the newest kernel of the series `id` for `arch`. `work` is a folder for package lists (kept
/// between calls to save downloads) and packages.
Result<KernelParts> download_kernel(const std::string& id, model::Arch arch,
                                    const std::filesystem::path& work, Progress& progress,
                                    const CancelToken& cancel);

/// From the names of an index, those of series `id`, the newest first: "linux-image-6.1.0-56-cloud-amd64"
/// before "linux-image-6.1.0-9-cloud-amd64"; the signed package before the unsigned one.
[[nodiscard]] std::vector<std::string> kernel_candidates(const std::vector<std::string>& names,
                                                         const std::string& id, model::Arch arch);

/// Orders texts by their numbers: "6.1.0-9" < "6.1.0-56".
[[nodiscard]] bool version_less(std::string_view a, std::string_view b);

}  // namespace gadget::testkit
