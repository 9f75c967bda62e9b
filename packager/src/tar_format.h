// SPDX-License-Identifier: Apache-2.0
// POSIX tar, as far as image layouts need it: regular files, plain.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "gadget/support/files.h"
#include "gadget/support/result.h"

namespace gadget::packager {

inline constexpr std::size_t kTarBlock = 512;
using TarBlock = std::array<std::byte, kTarBlock>;

/// The header block(s) of a regular file: mode 0644, owner 0, mtime 0. Names beyond 100 characters get a pax
/// record. `size` is below 8 GiB.
[[nodiscard]] Bytes tar_file_header(const std::string& name, std::uint64_t size);

/// Zeros needed after `size` bytes.
[[nodiscard]] constexpr std::size_t tar_padding(std::uint64_t size) {
    return static_cast<std::size_t>((kTarBlock - size % kTarBlock) % kTarBlock);
}

/// A regular file inside a tar.
struct TarMember {
    std::string name;  ///< relative, without "." and ".." and doubled slashes
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// Reads all headers of the tar in `fd` (`file_size` bytes) and reports its regular files. Refused with
/// corrupt_data or rejected_input: names that are absolute or have "..", links, devices, pipes, sparse files,
/// repeated names, damaged headers, contents beyond the end of the file, more than 100000 members.
/// unsupported: compressed files.
Result<void> scan_tar(int fd, std::uint64_t file_size, const std::string& what,
                      const std::function<void(TarMember)>& found);

}  // namespace gadget::packager
