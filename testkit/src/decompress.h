// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "gadget/support/files.h"

namespace gadget::testkit {

/// Limit for everything that is unpacked from a kernel image: 256 MiB.
inline constexpr std::size_t kMaxUnpacked = std::size_t{256} << 20;

/// The legacy frame of lz4 (magic 0x184C2102, then blocks of at most 8 MiB, each with its packed size), as
/// the kernel's build uses it. `corrupt_data` for anything else.
Result<Bytes> unpack_lz4_legacy(std::span<const std::byte> packed);

/// One zstd frame; bytes behind it are ignored.
Result<Bytes> unpack_zstd(std::span<const std::byte> packed);

}  // namespace gadget::testkit
