// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace gadget::packager {

inline constexpr std::string_view kSpdxType = "application/spdx+json";
inline constexpr std::string_view kInTotoType = "application/vnd.in-toto+json";
inline constexpr std::string_view kSlsaType = "https://slsa.dev/provenance/v1";

}  // namespace gadget::packager
