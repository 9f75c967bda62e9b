// SPDX-License-Identifier: Apache-2.0
// A row of a gadget's output, as others see it. Implemented beside the matcher, which looks fields up in the
// same way.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::testkit {

/// The JSON objects in a line: itself, or the elements of an array. `corrupt_data` for anything else.
Result<std::vector<std::string>> objects_of_row(std::string_view line);

/// The field at a dotted path of a JSON object: a string as it is, everything else as JSON.
[[nodiscard]] std::optional<std::string> field_of_row(std::string_view json, std::string_view path);

}  // namespace gadget::testkit
