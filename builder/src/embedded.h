// SPDX-License-Identifier: Apache-2.0
// The headers that travel inside the executable.
#pragma once

#include "file_store.h"
#include "gadget/model/platform.h"
#include "gadget/support/result.h"

namespace gadget::builder {

/// Mounts all embedded headers for `arch`; false when an archive is damaged, which a build rules out.
bool mount_embedded_headers(model::Arch arch, FileStore& files);

/// Writes them into `folder`, below api/, vmlinux/, libbpf/, uapi/ and uapi-arch/. Clang's own are left out.
Result<void> write_embedded_headers(model::Arch arch, const std::filesystem::path& folder);

}  // namespace gadget::builder
