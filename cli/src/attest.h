// SPDX-License-Identifier: Apache-2.0
// gadget build --attest: what went into an image, as documents that refer to it.
#pragma once

#include <string>
#include <vector>

#include "commands.h"
#include "compile_folder.h"
#include "gadget/packager.h"

namespace gadget::cli {

/// SBOM and provenance of `image`, each an image of its own that refers to it. The same sources and flags
/// give the same bytes in any folder.
Result<std::vector<packager::Image>> attest(const CompiledGadget& gadget, const CompileRequest& request,
                                            const BuildOptions& options, const packager::Image& image,
                                            const std::string& created);

}  // namespace gadget::cli
