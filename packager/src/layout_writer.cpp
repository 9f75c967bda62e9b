// SPDX-License-Identifier: Apache-2.0
// write_layout and write_tar.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "gadget/packager/layout.h"
#include "gadget/packager/reference.h"
#include "gadget/support/text.h"
#include "layout_files.h"
#include "output.h"
#include "tar_format.h"

namespace gadget::packager {

namespace fs = std::filesystem;

namespace {

Result<void> check_names(std::span<const NamedImage> images) {
    for (const auto& image : images) {
        if (image.name.empty() || is_ref_name(image.name)) continue;
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "'" + printable(image.name) + "' cannot be a name in an image layout"};
    }
    return {};
}

Result<void> fill(FolderWriter& writer, std::span<const NamedImage> images, std::vector<Descriptor> entries,
                  const Limits& limits) {
    GADGET_TRY(writer.prepare());
    for (const auto& image : images) {
        GADGET_TRY(writer.add_image(*image.blobs, image.root, limits));
        replace_entry(entries, with_name(image.root, image.name));
    }
    return writer.write_index(std::move(entries));
}

Result<UniqueFd> open_folder(const fs::path& folder) {
    UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return errno_error(errno, "cannot open folder '" + folder.string() + "'");
    return fd;
}

Result<void> add_to_layout(std::span<const NamedImage> images, const fs::path& folder, const Limits& limits) {
    GADGET_TRY_ASSIGN(const auto fd, open_folder(folder));
    // A store is locked by its lock file, a plain layout by its folder.
    UniqueFd lock(::openat(fd.get(), kLockName, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    GADGET_TRY(lock_file(lock ? lock.get() : fd.get(), /*exclusive=*/true, "'" + folder.string() + "'"));
    auto existing = Layout::open(folder);
    if (!existing) {
        return Error{.code = ErrorCode::already_exists,
                     .message = "'" + folder.string() +
                                "' exists and is not an image layout: " + existing.error().message,
                     .hint = "choose another folder, or remove it"};
    }
    FolderWriter writer(fd.get(), folder.string(), Durability::none);
    return fill(writer, images, existing->entries(), limits);
}

Result<void> create_layout(std::span<const NamedImage> images, const fs::path& folder, const Limits& limits) {
    const fs::path parent = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
    GADGET_TRY_ASSIGN(const auto temporary, TempDir::create(kTemporaryPrefix, parent));
    // One level deeper than the private temporary folder: there the user's umask decides on the permissions.
    const fs::path draft = temporary.path() / "layout";
    GADGET_TRY(gadget::create_directories(draft));
    GADGET_TRY_ASSIGN(const auto fd, open_folder(draft));
    FolderWriter writer(fd.get(), folder.string(), Durability::none);
    GADGET_TRY(fill(writer, images, {}, limits));
    if (::rename(draft.c_str(), folder.c_str()) != 0) {
        return errno_error(errno, "cannot create folder '" + folder.string() + "'");
    }
    return {};
}

struct TarBlob {
    Descriptor descriptor;
    const BlobSource* source;
};

Result<void> write_member(OutputFile& file, const std::string& name, std::span<const std::byte> content) {
    GADGET_TRY(file.write(tar_file_header(name, content.size())));
    GADGET_TRY(file.write(content));
    return file.write(Bytes(tar_padding(content.size())));
}

/// Blobs by file name, sorted as the archive needs them.
Result<std::map<std::string, TarBlob>> collect(std::span<const NamedImage> images, const Limits& limits) {
    constexpr std::uint64_t kMaxTarMember = (std::uint64_t{8} << 30) - 1;  // eleven octal digits
    std::map<std::string, TarBlob> blobs;
    for (const auto& image : images) {
        GADGET_TRY_ASSIGN(const auto descriptors, reachable_blobs(*image.blobs, image.root, limits));
        for (const auto& descriptor : descriptors) {
            if (descriptor.size > kMaxTarMember) {
                return Error{.code = ErrorCode::rejected_input,
                             .message = "blob " + descriptor.digest + " is too large for a tar"};
            }
            GADGET_TRY_ASSIGN(auto name, blob_path(descriptor.digest));
            blobs.try_emplace(std::move(name), TarBlob{.descriptor = descriptor, .source = image.blobs});
        }
    }
    return blobs;
}

}  // namespace

Result<void> write_layout(std::span<const NamedImage> images, const fs::path& folder, const Limits& limits) {
    GADGET_TRY(check_names(images));
    const fs::path target = folder.has_filename() ? folder : folder.parent_path();
    struct stat status{};
    if (::stat(target.c_str(), &status) != 0) {
        if (errno != ENOENT) return errno_error(errno, "cannot write '" + target.string() + "'");
        return create_layout(images, target, limits);
    }
    std::error_code error;
    if (S_ISDIR(status.st_mode) && fs::is_empty(target, error) && !error)
        return create_layout(images, target, limits);
    if (!S_ISDIR(status.st_mode)) {
        return Error{.code = ErrorCode::already_exists,
                     .message = "'" + target.string() + "' exists and is not a folder"};
    }
    return add_to_layout(images, target, limits);
}

Result<void> write_layout(const Image& image, const fs::path& folder, const std::string& name) {
    const MemoryBlobs blobs(image);
    const NamedImage named{.blobs = &blobs, .root = image.root, .name = name};
    return write_layout(std::span(&named, 1), folder);
}

Result<void> write_tar(std::span<const NamedImage> images, const fs::path& path, const Limits& limits,
                       CancelToken cancel) {
    GADGET_TRY(check_names(images));
    if (!path.has_filename()) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "'" + path.string() + "' is not a file name"};
    }
    GADGET_TRY_ASSIGN(const auto blobs, collect(images, limits));
    const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
    GADGET_TRY_ASSIGN(const auto folder, open_folder(parent));
    GADGET_TRY_ASSIGN(auto file, OutputFile::create(folder.get(), parent.string()));
    for (const auto& [name, blob] : blobs) {
        GADGET_TRY(file.write(tar_file_header(name, blob.descriptor.size)));
        GADGET_TRY(blob.source->stream(blob.descriptor, until(cancel, [&](std::span<const std::byte> piece) {
                                           return file.write(piece);
                                       })));
        GADGET_TRY(file.write(Bytes(tar_padding(blob.descriptor.size))));
    }
    std::vector<Descriptor> entries;
    for (const auto& image : images) replace_entry(entries, with_name(image.root, image.name));
    GADGET_TRY(write_member(file, kIndexName, as_bytes(layout_index(std::move(entries)))));
    GADGET_TRY(write_member(file, kMarkerName, as_bytes(kMarkerContent)));
    GADGET_TRY(file.write(Bytes(2 * kTarBlock)));
    GADGET_TRY(file.finish());
    return file.commit(folder.get(), path.filename().string());
}

Result<void> write_tar(const Image& image, const fs::path& file, const std::string& name) {
    const MemoryBlobs blobs(image);
    const NamedImage named{.blobs = &blobs, .root = image.root, .name = name};
    return write_tar(std::span(&named, 1), file);
}

}  // namespace gadget::packager
