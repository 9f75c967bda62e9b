// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "commands.h"
#include "gadget/support/diagnostic.h"

namespace gadget::cli {

/// The findings in the stable JSON form, version 1 (docs/findings.md), with a newline at the end.
std::string findings_json(const DiagnosticList& findings);
/// One workflow command of GitHub Actions a finding.
std::string findings_github(const DiagnosticList& findings);

/// Shows findings as asked: text on stderr, or JSON, SARIF or annotations on stdout. `input` is what the user
/// named, for findings without a file.
void show_findings(const DiagnosticList& findings, FindingsFormat format, const std::string& input,
                   Terminal& terminal);

/// "2 errors, 1 warning", or "no findings".
std::string findings_summary(const DiagnosticList& findings);

}  // namespace gadget::cli
