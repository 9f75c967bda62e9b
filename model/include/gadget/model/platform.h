// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gadget/support/result.h"

namespace gadget::model {

/// The architectures that gadgets are built for, under their OCI (GOARCH) names.
enum class Arch : std::uint8_t { amd64, arm64 };

inline constexpr std::array kAllArchs{Arch::amd64, Arch::arm64};

[[nodiscard]] std::string_view to_string(Arch arch);                  ///< "amd64"
[[nodiscard]] std::optional<Arch> parse_arch(std::string_view name);  ///< also "x86_64", "aarch64"
[[nodiscard]] std::string_view machine_name(Arch arch);               ///< as uname -m: "x86_64", "aarch64"
[[nodiscard]] Arch host_arch();                                       ///< what this executable was built for

}  // namespace gadget::model
