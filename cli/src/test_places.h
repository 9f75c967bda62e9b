// SPDX-License-Identifier: Apache-2.0
// What gadget test and gadget verifier share: which kernels are meant, and where the runners stand.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "gadget/model/platform.h"
#include "gadget/support/result.h"
#include "gadget/testkit/kernels.h"

namespace gadget::cli {

/// "--kernel" and "--arch" with their defaults: the host, its architecture. `invalid_argument` when nothing
/// is left.
Result<std::vector<testkit::KernelSelector>> selected_kernels(const std::vector<std::string>& kernels,
                                                              const std::vector<model::Arch>& archs);

/// The static runner of each architecture stands beside this executable.
Result<std::map<model::Arch, std::filesystem::path>> find_runners();

}  // namespace gadget::cli
