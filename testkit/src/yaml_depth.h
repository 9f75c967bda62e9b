// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace gadget::testkit {

/// yaml-cpp nests as deep as its input does: deep input is refused before it is parsed.
[[nodiscard]] bool yaml_nesting_is_sane(std::string_view text);

}  // namespace gadget::testkit
