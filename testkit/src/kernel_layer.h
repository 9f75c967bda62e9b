// SPDX-License-Identifier: Apache-2.0
// A kernel in the layers of a container image.
#pragma once

#include <span>

#include "kernel_package.h"

namespace gadget::testkit {

/// Adds the kernel and the modules in a layer to `parts`: a tar, plain or packed with gzip or zstd. A kernel
/// stands where a package has it, maybe below other folders. `corrupt_data` for what is no such layer.
Result<void> unpack_kernel_layer(std::span<const std::byte> layer, KernelParts& parts);

}  // namespace gadget::testkit
