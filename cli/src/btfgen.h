// SPDX-License-Identifier: Apache-2.0
// gadget build --btf: the BTF that kernels lack, cut down by bpftool to what an object needs.
#pragma once

#include <filesystem>

#include "gadget/model.h"
#include "gadget/support/cancel.h"
#include "gadget/support/files.h"
#include "gadget/support/progress.h"

namespace gadget::cli {

/// The btfgen layer of `object` for all kernels of its architecture in `folder`
/// (<ID>/<VERSION_ID>/<machine>/<release>.btf; the machine may be called as in `uname -m` or as in images).
/// Empty when the folder has none for it. unsupported: bpftool is missing.
Result<Bytes> make_btfgen_layer(const std::filesystem::path& folder, model::Arch arch,
                                std::span<const std::byte> object);

}  // namespace gadget::cli
