// SPDX-License-Identifier: Apache-2.0
// OCI image layouts: as a folder, or as a plain tar of one ("oci-archive").
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gadget/packager/image.h"
#include "gadget/support/cancel.h"

namespace gadget::packager {

class LayoutFiles;

/// A layout opened for reading. A tar is read in place: nothing is unpacked, names that point elsewhere,
/// links, devices and repeated members are refused. Links inside a folder are not followed.
class Layout final : public BlobSource {
  public:
    /// `path` is a folder or an uncompressed tar. not_found; corrupt_data: not a layout; unsupported:
    /// compressed tar.
    [[nodiscard]] static Result<Layout> open(const std::filesystem::path& path);
    Layout(Layout&&) noexcept;
    Layout& operator=(Layout&&) noexcept;
    ~Layout() override;

    /// What index.json lists; names stand in the ref.name annotation.
    [[nodiscard]] const std::vector<Descriptor>& entries() const { return entries_; }
    /// The entry called `name`, or with digest `name`. An empty `name` asks for the only (named) entry
    /// that is no signature.
    /// not_found names what there is; invalid_argument: an empty name is not enough.
    [[nodiscard]] Result<Descriptor> find(const std::string& name) const;

    /// The images `roots` as a layout with these entries, whose files stay open: it reads the same whatever
    /// happens to this one. unsupported: they have more blobs than files should be open (500).
    [[nodiscard]] Result<Layout> pin(const std::vector<Descriptor>& roots) const;

  protected:
    Result<void> fetch(const Descriptor& blob, const ChunkSink& sink) const override;

  private:
    Layout(std::unique_ptr<const LayoutFiles> files, std::vector<Descriptor> entries, std::string name);
    std::unique_ptr<const LayoutFiles> files_;
    std::vector<Descriptor> entries_;
    std::string name_;
};

/// The ref.name annotation, or empty.
[[nodiscard]] std::string ref_name(const Descriptor& descriptor);

/// An image and its name in a layout. `blobs` is borrowed.
struct NamedImage {
    const BlobSource* blobs = nullptr;
    Descriptor root;
    std::string name{};  ///< value for ref.name; empty: none
};

/// Writes a layout folder. A new folder (its parent must exist) appears whole or not at all; into a folder
/// that is a layout already the images are added, an entry of the same name is replaced, and index.json
/// changes last. already_exists: the folder has other content.
Result<void> write_layout(std::span<const NamedImage> images, const std::filesystem::path& folder,
                          const Limits& limits = {});
Result<void> write_layout(const Image& image, const std::filesystem::path& folder,
                          const std::string& name = {});

/// Writes a plain tar of a layout: regular files, sorted names, mtime 0, owner 0, mode 0644; the same images
/// give the same bytes. An existing file is replaced, whole or not at all.
Result<void> write_tar(std::span<const NamedImage> images, const std::filesystem::path& file,
                       const Limits& limits = {}, CancelToken cancel = {});
Result<void> write_tar(const Image& image, const std::filesystem::path& file, const std::string& name = {});

}  // namespace gadget::packager
