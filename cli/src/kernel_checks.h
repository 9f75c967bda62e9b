// SPDX-License-Identifier: Apache-2.0
// --kernel and --target of 'gadget validate'.
#pragma once

#include <string>
#include <vector>

#include "commands.h"
#include "gadget/validator.h"
#include "load_gadget.h"

namespace gadget::cli {

/// What kernels make of a gadget.
struct KernelTable {
    std::vector<validator::KernelRow> rows;  ///< by object, then in the order in which kernels were named
    std::vector<std::string> remarks;        ///< kernels that could not be looked at, and why
};

/// Gets the facts of the kernels in `options.kernels` ("6.12", "host", "all", or a file), checks every object
/// for those of its architecture, then for `options.targets`. Findings go to `sink`. Error: a kernel that was
/// named cannot be had, a target cannot be read.
Result<KernelTable> check_kernels_and_targets(const ValidateOptions& options, const LoadedGadget& gadget,
                                              const Context& context, DiagnosticSink& sink);

/// A table program x kernel for people, then the reasons.
[[nodiscard]] std::string kernel_table_text(const KernelTable& table);

/// `findings`, the JSON document of findings, with the member "kernels" added (docs/kernels.md).
[[nodiscard]] std::string add_kernel_table(const std::string& findings, const KernelTable& table);

}  // namespace gadget::cli
