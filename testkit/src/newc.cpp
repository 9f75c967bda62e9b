// SPDX-License-Identifier: Apache-2.0
#include "newc.h"

#include <array>
#include <string>
#include <utility>

namespace gadget::testkit {
namespace {

constexpr std::uint32_t kTypeDirectory = 0040000;
constexpr std::uint32_t kTypeFile = 0100000;
constexpr std::uint32_t kTypeSymlink = 0120000;
constexpr std::size_t kAlignment = 4;

void append_hex(std::string& text, std::uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789ABCDEF"[(value >> shift) & 15U];
}

}  // namespace

void NewcWriter::directory(std::string_view name, unsigned mode) {
    entry(name, kTypeDirectory | mode, {});
}

void NewcWriter::file(std::string_view name, std::span<const std::byte> content, unsigned mode) {
    entry(name, kTypeFile | mode, content);
}

void NewcWriter::symlink(std::string_view name, std::string_view target) {
    entry(name, kTypeSymlink | 0777, as_bytes(target));
}

Bytes NewcWriter::finish() {
    entry("TRAILER!!!", 0, {});
    next_inode_ = 1;
    return std::exchange(bytes_, {});
}

void NewcWriter::entry(std::string_view name, std::uint32_t mode, std::span<const std::byte> content) {
    const std::uint32_t links = (mode & kTypeDirectory) == kTypeDirectory ? 2 : 1;
    const std::array<std::uint32_t, 13> fields{next_inode_++,
                                               mode,
                                               0,
                                               0,
                                               links,
                                               0,  // uid, gid, links, mtime
                                               static_cast<std::uint32_t>(content.size()),
                                               0,
                                               0,
                                               0,
                                               0,  // device and rdev numbers
                                               static_cast<std::uint32_t>(name.size() + 1),
                                               0};  // name with its NUL, checksum (unused)
    std::string header = "070701";
    for (const auto field : fields) append_hex(header, field);
    header.append(name).push_back('\0');
    append(as_bytes(header));
    append(content);
}

void NewcWriter::append(std::span<const std::byte> content) {
    bytes_.insert(bytes_.end(), content.begin(), content.end());
    while (bytes_.size() % kAlignment != 0) bytes_.push_back(std::byte{0});
}

}  // namespace gadget::testkit
