// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "gadget/model/platform.h"
#include "gadget/support/files.h"

namespace gadget::testkit {

/// What QEMU boots fastest: for amd64 the ELF inside a bzImage (or the ELF itself), for arm64 the raw Image.
/// `corrupt_data` when `image` is not a kernel of `arch`; `unsupported` for a compression that we do not
/// unpack.
Result<Bytes> bootable_image(std::span<const std::byte> image, model::Arch arch);

/// The BTF in a bootable image: a view of `image`, empty when there is none.
[[nodiscard]] std::span<const std::byte> find_btf(std::span<const std::byte> image);

}  // namespace gadget::testkit
