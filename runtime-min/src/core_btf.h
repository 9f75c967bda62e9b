// SPDX-License-Identifier: Apache-2.0
// The kernel's BTF and more: what CO-RE relocations are resolved against when a spec brings structs.
#pragma once

#include <filesystem>
#include <span>

#include "gadget/runtime/spec.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::runtime {

/// A memory file with the BTF of `kernel_btf` (empty: the running kernel's, none when it has none) and the
/// structs. `invalid_argument` names a struct or member that is no good.
Result<UniqueFd> btf_with_structs(const std::filesystem::path& kernel_btf,
                                  std::span<const ExtraStruct> structs);

}  // namespace gadget::runtime
