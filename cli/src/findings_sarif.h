// SPDX-License-Identifier: Apache-2.0
// SARIF 2.1.0 (OASIS), as code scanning services and editors read it.
#pragma once

#include <string>

#include "gadget/support/diagnostic.h"

namespace gadget::cli {

/// One run with every rule that has a finding, and each finding as a result. SARIF wants a file for each:
/// findings that are not about one are shown at `input`. `source` reads files, so that columns can be counted
/// in characters.
std::string findings_sarif(const DiagnosticList& findings, const std::string& input,
                           const SourceReader& source);

}  // namespace gadget::cli
