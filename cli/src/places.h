// SPDX-License-Identifier: Apache-2.0
// Where things are kept on this machine, from the environment: the store of images, the cache.
#pragma once

#include <filesystem>
#include <string>

#include "gadget/support/result.h"

namespace gadget::cli {

/// GADGET_STORE, else /var/lib/gadgetkit/store for root, else $XDG_DATA_HOME/gadgetkit/store
/// (~/.local/share/...).
Result<std::filesystem::path> store_folder();
/// GADGET_CACHE, else $XDG_CACHE_HOME/gadgetkit (~/.cache/gadgetkit).
Result<std::filesystem::path> cache_folder();
/// The value of a variable, empty when it is not set.
std::string environment_variable(const char* name);
/// The folder that holds this executable.
Result<std::filesystem::path> executable_folder();

}  // namespace gadget::cli
