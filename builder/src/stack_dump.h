// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace gadget::builder {

/// The function of the source that LLVM was at when it wrote this stack dump ("... on function '@name'"),
/// empty when it was at none.
std::string function_in_stack_dump(std::string_view text);

}  // namespace gadget::builder
