// SPDX-License-Identifier: Apache-2.0
// /etc/ld.so.cache, in the format "glibc-ld.so.cache1.1" (glibc: sysdeps/generic/dl-cache.h), alone or behind
// the older one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace gadget::runtime {

struct CachedLibrary {
    std::string name;  ///< soname
    std::filesystem::path path;
};

/// The libraries for this machine's architecture, in the order of the cache. What is damaged is left out.
[[nodiscard]] std::vector<CachedLibrary> cached_libraries(std::span<const std::byte> cache);

}  // namespace gadget::runtime
