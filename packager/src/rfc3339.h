// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace gadget::packager {

/// A date and time as RFC 3339 writes it, with "Z" or an offset; fractions of a second allowed.
[[nodiscard]] bool is_rfc3339(std::string_view text);

}  // namespace gadget::packager
