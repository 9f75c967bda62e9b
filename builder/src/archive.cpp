// SPDX-License-Identifier: Apache-2.0
#include "archive.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

namespace gadget::builder {
namespace {

constexpr std::size_t kHeaderSize = 24;
constexpr std::uint32_t kMaxRaw = std::uint32_t{256} << 20;

std::uint32_t u32_at(std::span<const std::byte> bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(bytes[at + i]) << (8 * i);
    return value;
}

bool unpack(std::span<const std::byte> packed, std::uint32_t raw_size, std::string& out) {
    out.resize(raw_size);
    const std::size_t got = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
    return ZSTD_isError(got) == 0 && got == raw_size;
}

bool parse_index(std::string_view index, std::uint32_t raw_size, std::vector<Archive::Entry>& entries) {
    const auto bytes = std::as_bytes(std::span(index.data(), index.size()));
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (bytes.size() - at < 2) return false;
        const std::size_t length =
            std::to_integer<std::size_t>(bytes[at]) | std::to_integer<std::size_t>(bytes[at + 1]) << 8;
        at += 2;
        if (bytes.size() - at < length + 8) return false;
        Archive::Entry entry{std::string(index.substr(at, length)), u32_at(bytes, at + length),
                             u32_at(bytes, at + length + 4)};
        at += length + 8;
        if (entry.offset >= raw_size || raw_size - entry.offset <= entry.size) return false;
        entries.push_back(std::move(entry));
    }
    return std::is_sorted(entries.begin(), entries.end(),
                          [](const auto& a, const auto& b) { return a.path < b.path; });
}

}  // namespace

std::optional<Archive> Archive::open(std::span<const std::byte> bytes) {
    if (bytes.size() < kHeaderSize || std::memcmp(bytes.data(), "GKAR", 4) != 0 || u32_at(bytes, 4) != 1) {
        return std::nullopt;
    }
    const std::uint32_t index_raw = u32_at(bytes, 8);
    const std::uint32_t index_stored = u32_at(bytes, 12);
    const std::uint32_t data_stored = u32_at(bytes, 20);
    Archive archive;
    archive.raw_size_ = u32_at(bytes, 16);
    if (index_raw > kMaxRaw || archive.raw_size_ > kMaxRaw) return std::nullopt;
    if (bytes.size() - kHeaderSize != std::size_t{index_stored} + data_stored) return std::nullopt;
    std::string index;
    if (!unpack(bytes.subspan(kHeaderSize, index_stored), index_raw, index)) return std::nullopt;
    if (!parse_index(index, archive.raw_size_, archive.entries_)) return std::nullopt;
    archive.packed_ = bytes.subspan(kHeaderSize + index_stored);
    return archive;
}

const Archive::Entry* Archive::find(std::string_view path) const {
    const auto found =
        std::lower_bound(entries_.begin(), entries_.end(), path,
                         [](const Entry& entry, std::string_view p) { return entry.path < p; });
    return found != entries_.end() && found->path == path ? &*found : nullptr;
}

bool Archive::has_directory(std::string_view path) const {
    if (path.empty()) return true;
    const std::string prefix = std::string(path) + '/';
    const auto found =
        std::lower_bound(entries_.begin(), entries_.end(), prefix,
                         [](const Entry& entry, const std::string& p) { return entry.path < p; });
    return found != entries_.end() && found->path.starts_with(prefix);
}

std::string_view Archive::text(const Entry& entry) const {
    if (data_->empty() && !unpack(packed_, raw_size_, *data_)) {
        data_->assign(raw_size_, '\0');
        return std::string_view(*data_).substr(entry.offset, 0);
    }
    return std::string_view(*data_).substr(entry.offset, entry.size);
}

}  // namespace gadget::builder
