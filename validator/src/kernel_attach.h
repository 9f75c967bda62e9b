// SPDX-License-Identifier: Apache-2.0
// Whether a kernel has what a program is attached to.
#pragma once

#include <optional>
#include <vector>

#include "gadget/validator.h"
#include "kernel_types.h"

namespace gadget::validator {

/// What checks of one kernel need again and again.
struct KernelView {
    const model::KernelFacts& facts;
    KernelTypes& types;
    KernelTypes::Enumeration program_types;
    KernelTypes::Enumeration attach_types;
    KernelTypes::Enumeration map_types;
    KernelTypes::Enumeration helpers;
};

KernelReason fails(std::string id, std::string message, std::string hint = {});
/// About something that cannot be known offline.
KernelReason not_known(std::string message);

/// Adds what speaks against a program of this section.
void check_attach(const model::SectionName& section, const KernelView& kernel,
                  std::vector<KernelReason>& reasons);

}  // namespace gadget::validator
