// SPDX-License-Identifier: Apache-2.0
// Just enough of BTF (Documentation/bpf/btf.rst of Linux) to find a kernel function's type id.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gadget/support/files.h"

namespace gadget::testkit::guest {

/// The type id of BTF_KIND_FUNC `name`, 0 when it is not there or the data is damaged.
[[nodiscard]] std::uint32_t find_btf_function(std::span<const std::byte> btf, std::string_view name);

}  // namespace gadget::testkit::guest
