// SPDX-License-Identifier: Apache-2.0
// Kernels out of container images: the packager's store and gadget-registry on one side, the kernels' store
// on the other.
#pragma once

#include <string>

#include "commands.h"
#include "gadget/testkit/kernels.h"

namespace gadget::cli {

/// Whether `source` names an image by digest ("quay.io/me/kernels@sha256:..."), and not a file.
[[nodiscard]] bool is_image_with_digest(const std::string& source);

/// Stores the kernel of that image under `id`. The image is pulled when the store of images does not have it,
/// and does not stay there then. `not_found` when it has no kernel, or nothing for the architecture; what a
/// pull has to say stands on standard error.
Result<testkit::Kernel> add_kernel_of_image(testkit::KernelStore& kernels, const std::string& id,
                                            model::Arch arch, const std::string& source,
                                            const Context& context);

}  // namespace gadget::cli
