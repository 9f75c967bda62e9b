// SPDX-License-Identifier: Apache-2.0
// Mends gadget.yaml by the replacements that findings propose.
#pragma once

#include <filesystem>
#include <string>

#include "gadget/support/diagnostic.h"
#include "gadget/support/result.h"

namespace gadget::cli {

struct FixedText {
    std::string text;
    std::size_t applied = 0;
    std::size_t left = 0;  ///< that overlap another, do not fit the text, or would break the metadata
};

/// Applies those fixes of `findings` that lie in `file` to `text`, its content: nothing else of it changes. A
/// fix after which the metadata has more errors than before is left out.
FixedText apply_fixes(const std::string& text, const std::string& file, const DiagnosticList& findings);

/// The same for the file at `path`, as findings name it; it is replaced at once, and keeps its mode. A
/// symbolic link stays one. Nothing is written when no fix applies.
Result<FixedText> fix_file(const std::filesystem::path& path, const DiagnosticList& findings);

}  // namespace gadget::cli
