// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "gadget/support/files.h"

namespace gadget::testkit {

/// The SHA-256 digest of `content`, hexadecimal.
[[nodiscard]] std::string sha256_hex(std::span<const std::byte> content);

}  // namespace gadget::testkit
