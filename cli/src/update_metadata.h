// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile_folder.h"

namespace gadget::cli {

/// Adds to gadget.yaml what the objects know and it does not say, and reads it again into gadget.folder. The
/// file is replaced as a whole, and only when something was missing. What was added goes to `report`.
Result<void> update_metadata(CompiledGadget& gadget, std::string& report, DiagnosticSink& sink);

}  // namespace gadget::cli
