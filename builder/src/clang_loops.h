// SPDX-License-Identifier: Apache-2.0
// Loops that nothing ends: clang has no word about them, and the verifier of the kernel refuses the program
// only when it is loaded.
#pragma once

#include <clang/AST/DeclGroup.h>
#include <clang/Basic/Diagnostic.h>

#include "file_store.h"

namespace gadget::builder {

/// What a warning about such a loop says.
inline constexpr const char* kEndlessLoop = "this loop never ends: no break, goto or return leaves it";

/// Warns about the author's functions in `group`.
void warn_of_endless_loops(clang::DeclGroupRef group, const FileStore& files,
                           clang::DiagnosticsEngine& diagnostics);

}  // namespace gadget::builder
