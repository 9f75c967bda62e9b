// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/result.h"

namespace gadget::packager {

/// `content` as a gzip stream without name and time.
[[nodiscard]] Result<Bytes> gzip(std::span<const std::byte> content);

/// The reverse; rejected_input when the result is larger than `limit`, corrupt_data when it is no gzip
/// stream.
[[nodiscard]] Result<Bytes> gunzip(std::span<const std::byte> content, std::size_t limit);

/// A plain tar of these files (name, content) in the given order, with its end.
[[nodiscard]] Bytes tar_of(const std::vector<std::pair<std::string, std::span<const std::byte>>>& files);

}  // namespace gadget::packager
