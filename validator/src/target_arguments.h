// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/platform.h"

namespace gadget::validator {

/// Takes the arguments of a USDT note apart: they are separated by blanks, but arm64 writes blanks inside of
/// brackets too. No more than 64 are kept.
[[nodiscard]] std::vector<std::string> split_usdt_arguments(std::string_view text, model::Arch arch);

}  // namespace gadget::validator
