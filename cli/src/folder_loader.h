// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "load_gadget.h"

namespace gadget::cli {

/// Lets load_gadget() take source folders: compiles and validates them in memory.
FolderLoader folder_loader(CancelToken cancel);

}  // namespace gadget::cli
