// SPDX-License-Identifier: Apache-2.0
// The local store of images: an OCI layout folder under a lock, laid out as Inspektor Gadget's own store.
#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gadget/packager/image.h"
#include "gadget/packager/layout.h"
#include "gadget/support/cancel.h"
#include "gadget/support/unique_fd.h"

namespace gadget::packager {

/// A reader's hold on the store: no image goes away while it lives, and writers wait, so keep it briefly;
/// Layout::pin() gives what needs no hold. A store that cannot be written is read without one.
class StoreReader {
  public:
    StoreReader(UniqueFd lock, Layout layout) : lock_(std::move(lock)), layout_(std::move(layout)) {}
    [[nodiscard]] const Layout& layout() const { return layout_; }

  private:
    UniqueFd lock_;
    Layout layout_;
};

/// Names are full references ("ghcr.io/me/foo:v1", see parse_reference) or a digest where one is looked up.
/// Many processes may use one store: each change is made under an exclusive lock on index.json.lock, blobs
/// come before the index that names them, each file is written beside, synced and renamed. A process that is
/// killed at any point leaves a store that opens, with each name at its old or its new image.
class Store {
  public:
    /// Creates the folder (mode 0700) and an empty index where missing. corrupt_data: the folder holds
    /// something else. With `cancel`, whatever copies or waits for others can be interrupted: it ends with
    /// `cancelled`, and changes nothing.
    [[nodiscard]] static Result<Store> open(const std::filesystem::path& root, CancelToken cancel = {});

    /// Copies the image into the store and lets `name` mean it; what the name meant before and nothing else
    /// needs goes. Each blob is checked. An empty name adds without naming: garbage collection will take it.
    Result<void> add(const BlobSource& blobs, const Descriptor& root, const std::string& name,
                     const Limits& limits = {});
    Result<void> add(const Image& image, const std::string& name);
    /// Several images in one change: all of them are there afterwards, or none.
    Result<void> add(std::span<const NamedImage> images, const Limits& limits = {});

    /// Copies the blobs of an image that are missing, without locking others out and without naming the
    /// image: for slow sources. An add() has to follow within the hour, before garbage collection takes them.
    Result<void> prefetch(const BlobSource& blobs, const Descriptor& root, const Limits& limits = {});

    [[nodiscard]] Result<Descriptor> resolve(const std::string& name) const;
    /// The named entries, sorted by name.
    [[nodiscard]] Result<std::vector<Descriptor>> list() const;
    [[nodiscard]] Result<StoreReader> read() const;
    /// The image in memory.
    [[nodiscard]] Result<Image> load(const std::string& name, const Limits& limits = {}) const;

    /// Lets `name` also mean what `existing` means. not_found: there is no `existing`.
    Result<void> tag(const std::string& existing, const std::string& name);
    /// Forgets `name`, then deletes the blobs that only it needed, with the signatures of the image.
    /// not_found.
    Result<void> remove(const std::string& name);
    /// Deletes blobs that no name reaches and that were written more than `age` ago: another tool may be
    /// about to name younger ones. Returns how many. corrupt_data: an image in the store cannot be read,
    /// nothing was deleted.
    Result<std::size_t> collect_garbage(std::chrono::seconds age = std::chrono::hours(1));

    /// Adds every named image of a layout folder or tar, with the signatures in it; returns the names.
    /// invalid_argument: it names none (open it as a Layout and add() its entry under a name).
    Result<std::vector<std::string>> import_layout(const std::filesystem::path& path,
                                                   const Limits& limits = {});
    /// Writes a tar of the images `names` with their signatures.
    Result<void> export_tar(const std::vector<std::string>& names, const std::filesystem::path& file,
                            const Limits& limits = {}) const;

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }

  private:
    Store(std::filesystem::path root, CancelToken cancel) : root_(std::move(root)), cancel_(cancel) {}
    std::filesystem::path root_;
    CancelToken cancel_;
};

}  // namespace gadget::packager
