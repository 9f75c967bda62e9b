// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "gadget/model/platform.h"
#include "gadget/support/diagnostic.h"

namespace gadget::builder {

struct CompiledFindings {
    std::filesystem::path source;
    model::Arch arch;
    std::vector<Diagnostic> findings;
};

/// The findings of several compilations as one list, in order. What every architecture of a source found is
/// there once; what only some found says which.
std::vector<Diagnostic> merge_findings(std::vector<CompiledFindings> compiled);

}  // namespace gadget::builder
