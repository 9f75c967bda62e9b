// SPDX-License-Identifier: Apache-2.0
// The "newc" cpio format of initramfs archives (Documentation/driver-api/early-userspace/buffer-format.rst of
// Linux).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gadget/support/files.h"

namespace gadget::testkit {

/// Builds an archive in memory. Names are relative ("bin/x"), folders come before what is in them; owner is
/// root, times are 0: the same entries give the same bytes.
class NewcWriter {
  public:
    void directory(std::string_view name, unsigned mode = 0755);
    void file(std::string_view name, std::span<const std::byte> content, unsigned mode = 0644);
    void symlink(std::string_view name, std::string_view target);
    /// Ends the archive; the writer is empty afterwards.
    [[nodiscard]] Bytes finish();

  private:
    void entry(std::string_view name, std::uint32_t mode, std::span<const std::byte> content);
    void append(std::span<const std::byte> content);

    Bytes bytes_;
    std::uint32_t next_inode_ = 1;
};

}  // namespace gadget::testkit
