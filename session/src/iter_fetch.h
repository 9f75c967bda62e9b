// SPDX-License-Identifier: Apache-2.0
// Reads what iterator programs write.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::session {

/// Makes an iterator's descriptor; the network namespace that TCP and UDP iterators walk is the calling
/// thread's at that moment.
using OpenIterator = std::function<Result<UniqueFd>()>;

/// Appends everything that the iterator writes to `out`.
Result<void> read_iterator(const OpenIterator& open, Bytes& out);

/// The same once in each distinct network namespace of `namespaces` (files such as /proc/1/ns/net).
Result<void> read_iterator_in(const std::vector<std::filesystem::path>& namespaces, const OpenIterator& open,
                              Bytes& out);

}  // namespace gadget::session
