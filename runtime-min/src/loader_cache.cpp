// SPDX-License-Identifier: Apache-2.0
#include "loader_cache.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace gadget::runtime {
namespace {

constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr std::size_t kHeader = 48;
constexpr std::size_t kEntry = 24;
constexpr std::size_t kMaxEntries = 100000;
// FLAG_ELF_LIBC6 and the flag of the architecture.
#if defined(__x86_64__)
constexpr std::uint32_t kFlags = 0x0303;
#elif defined(__aarch64__)
constexpr std::uint32_t kFlags = 0x0a03;
#else
constexpr std::uint32_t kFlags = 0x0003;
#endif

std::optional<std::uint32_t> word(std::string_view text, std::size_t at) {
    std::uint32_t value = 0;
    if (at > text.size() || text.size() - at < sizeof value) return std::nullopt;
    std::memcpy(&value, text.data() + at, sizeof value);
    return value;
}

/// A text that ends with a NUL byte; empty when it does not.
std::string_view text_at(std::string_view cache, std::size_t at) {
    const auto end = cache.find('\0', at);
    return end == std::string_view::npos ? std::string_view() : cache.substr(at, end - at);
}

}  // namespace

std::vector<CachedLibrary> cached_libraries(std::span<const std::byte> bytes) {
    std::vector<CachedLibrary> result;
    std::string_view cache(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto begin = cache.find(kMagic);
    if (begin == std::string_view::npos) return result;
    cache.remove_prefix(begin);
    const auto count = word(cache, kMagic.size()).value_or(0);
    for (std::size_t i = 0; i < count && i < kMaxEntries; ++i) {
        const std::size_t entry = kHeader + i * kEntry;
        const auto flags = word(cache, entry);
        const auto name = word(cache, entry + 4);
        const auto path = word(cache, entry + 8);
        if (!flags || !name || !path) break;
        if (*flags != kFlags) continue;
        CachedLibrary library{std::string(text_at(cache, *name)), text_at(cache, *path)};
        if (!library.name.empty() && library.path.is_absolute()) result.push_back(std::move(library));
    }
    return result;
}

}  // namespace gadget::runtime
