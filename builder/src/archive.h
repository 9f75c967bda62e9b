// SPDX-License-Identifier: Apache-2.0
// A read-only set of text files in one zstd-compressed piece of memory, made by tools/pack_headers.cpp.
//
// Format, little endian: "GKAR", u32 version (1), u32 raw size of the index, u32 stored size of the index,
// u32 raw size of the data, u32 stored size of the data; then index and data, a zstd frame each. The index is
// a list of u16 path length, path, u32 offset, u32 size, sorted by path; each file in the data is followed by
// one NUL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gadget::builder {

class Archive {
  public:
    struct Entry {
        std::string path;
        std::uint32_t offset = 0;
        std::uint32_t size = 0;
    };

    /// nullopt when the bytes do not follow the format. Only the index is unpacked here.
    static std::optional<Archive> open(std::span<const std::byte> bytes);

    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
    [[nodiscard]] const Entry* find(std::string_view path) const;
    [[nodiscard]] bool has_directory(std::string_view path) const;
    /// The text of an entry of this archive, followed by a NUL; unpacks the data at the first call. Empty
    /// data when that fails, which the checksum of a build rules out.
    [[nodiscard]] std::string_view text(const Entry& entry) const;

  private:
    std::vector<Entry> entries_;
    std::span<const std::byte> packed_;
    std::uint32_t raw_size_ = 0;
    std::shared_ptr<std::string> data_ = std::make_shared<std::string>();  // shared by copies: unpacked once
};

}  // namespace gadget::builder
