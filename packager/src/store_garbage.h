// SPDX-License-Identifier: Apache-2.0
// What the store needs and what it does not. All of this runs under the store's lock.
#pragma once

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "gadget/packager/layout.h"

namespace gadget::packager {

/// Digests of all blobs that the named entries reach, and those of unnamed manifests whose subject is among
/// them.
Result<std::set<std::string>> needed_blobs(const Layout& layout, const std::vector<Descriptor>& entries);

/// The unnamed entries whose subject the named ones reach.
Result<std::vector<Descriptor>> referrers_of(const Layout& layout, const std::vector<Descriptor>& entries);

/// The signature tags of the images `roots` and of their manifests, and their unnamed referrers.
Result<std::vector<Descriptor>> signatures_of(const Layout& layout, const std::vector<Descriptor>& roots);

/// Takes from `entries` what only the `removed` ones were there for: their signature tags, and unnamed
/// entries. Does nothing when an image cannot be read.
void drop_untagged(const Layout& layout, const std::vector<Descriptor>& removed,
                   std::vector<Descriptor>& entries);

/// Deletes the blobs that `removed` reach and `entries` do not. Does nothing when an image cannot be read:
/// the blobs then wait for collect_garbage().
void delete_unneeded(const std::filesystem::path& root, const Layout& layout,
                     const std::vector<Descriptor>& removed, const std::vector<Descriptor>& entries);

/// Deletes the blobs that are not `needed` and older than `age`; returns how many.
Result<std::size_t> delete_old_blobs(const std::filesystem::path& root, const std::set<std::string>& needed,
                                     std::chrono::seconds age);

}  // namespace gadget::packager
