// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "gadget/packager/reference.h"
#include "gadget/support/text.h"
#include "layout_files.h"
#include "output.h"
#include "store_garbage.h"

namespace gadget::packager {

namespace fs = std::filesystem;

namespace {

std::string in_quotes(const fs::path& path) {
    return "'" + path.string() + "'";
}

Result<UniqueFd> open_folder(const fs::path& root) {
    UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return errno_error(errno, "cannot open the image store " + in_quotes(root));
    return fd;
}

Result<UniqueFd> lock_store(int folder, const fs::path& root, bool exclusive, CancelToken cancel) {
    UniqueFd lock(::openat(folder, kLockName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!lock && !exclusive && (errno == EROFS || errno == EACCES)) {
        // The store of somebody else, or on a medium that nobody writes to.
        lock.reset(::openat(folder, kLockName, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        if (!lock && errno == ENOENT) return lock;
    }
    if (!lock) return errno_error(errno, "cannot open " + in_quotes(root / kLockName));
    GADGET_TRY(lock_file(lock.get(), exclusive, "the image store " + in_quotes(root), cancel));
    return lock;
}

bool exists(int folder, const char* name) {
    return ::faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/// The store under an exclusive lock: the entries as they are now, and a writer.
class Change {
  public:
    static Result<Change> begin(const fs::path& root, CancelToken cancel) {
        GADGET_TRY_ASSIGN(auto folder, open_folder(root));
        GADGET_TRY_ASSIGN(auto lock, lock_store(folder.get(), root, /*exclusive=*/true, cancel));
        GADGET_TRY_ASSIGN(auto layout, Layout::open(root));
        FolderWriter writer(folder.get(), root.string(), Durability::synced);
        writer.use_cancel(cancel);
        writer.remove_leftovers();
        GADGET_TRY(writer.prepare());
        auto entries = layout.entries();
        return Change(std::move(folder), std::move(lock), std::move(layout), std::move(writer),
                      std::move(entries));
    }

    [[nodiscard]] const Layout& layout() const { return layout_; }
    FolderWriter& writer() { return writer_; }
    Result<void> commit() { return writer_.write_index(entries); }

    /// Commits, and clears away what only the `removed` entries needed.
    Result<void> finish(const fs::path& root, const std::vector<Descriptor>& removed) {
        GADGET_TRY(writer_.place_blobs());
        drop_untagged(layout_, removed, entries);
        GADGET_TRY(commit());
        if (removed.empty()) return {};
        GADGET_TRY(writer_.sync_index());
        delete_unneeded(root, layout_, removed, entries);
        return {};
    }

    std::vector<Descriptor> entries;

  private:
    Change(UniqueFd folder, UniqueFd lock, Layout layout, FolderWriter writer, std::vector<Descriptor> now)
        : entries(std::move(now)),
          folder_(std::move(folder)),
          lock_(std::move(lock)),
          layout_(std::move(layout)),
          writer_(std::move(writer)) {}
    UniqueFd folder_;
    UniqueFd lock_;
    Layout layout_;
    FolderWriter writer_;
};

Result<void> check_name(const std::string& name) {
    if (name.empty() || (is_ref_name(name) && !is_digest(name))) return {};
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "'" + printable(name) + "' cannot name an image"};
}

Result<void> initialise(int folder, const fs::path& root, CancelToken cancel) {
    GADGET_TRY_ASSIGN(const auto lock, lock_store(folder, root, /*exclusive=*/true, cancel));
    if (!exists(folder, kMarkerName)) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(root, error)) {
            const std::string name = entry.path().filename().string();
            if (name == kLockName || name == "blobs" || name.starts_with(".gadget-")) continue;
            return Error{
                .code = ErrorCode::corrupt_data,
                .message = in_quotes(root) + " is not an image store: it holds '" + printable(name) + "'"};
        }
    }
    FolderWriter writer(folder, root.string(), Durability::synced);
    GADGET_TRY(writer.prepare());
    if (exists(folder, kIndexName)) return {};
    std::error_code error;
    if (!fs::is_empty(root / "blobs", error)) {
        // An empty index would make all of them garbage.
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "the image store " + in_quotes(root) + " has blobs but lost its index.json",
                     .hint = "move the folder away to start with an empty store"};
    }
    return writer.write_index({});
}

}  // namespace

Result<Store> Store::open(const fs::path& root, CancelToken cancel) {
    if (root.empty())
        return Error{.code = ErrorCode::invalid_argument, .message = "the image store has no path"};
    if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST) {
        if (errno != ENOENT) return errno_error(errno, "cannot create the image store " + in_quotes(root));
        GADGET_TRY(gadget::create_directories(root.parent_path()));
        if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST) {
            return errno_error(errno, "cannot create the image store " + in_quotes(root));
        }
    }
    GADGET_TRY_ASSIGN(const auto folder, open_folder(root));
    const bool complete = exists(folder.get(), kMarkerName) && exists(folder.get(), kIndexName) &&
                          exists(folder.get(), kLockName) && exists(folder.get(), "blobs");
    if (!complete) GADGET_TRY(initialise(folder.get(), root, cancel));
    return Store(root, cancel);
}

Result<void> Store::add(std::span<const NamedImage> images, const Limits& limits) {
    for (const auto& image : images) GADGET_TRY(check_name(image.name));
    GADGET_TRY_ASSIGN(auto change, Change::begin(root_, cancel_));
    std::vector<Descriptor> replaced;
    for (const auto& image : images) {
        GADGET_TRY(change.writer().add_image(*image.blobs, image.root, limits));
        for (const auto& entry : change.entries) {
            if (!image.name.empty() && ref_name(entry) == image.name && entry.digest != image.root.digest) {
                replaced.push_back(entry);
            }
        }
        replace_entry(change.entries, with_name(image.root, image.name));
    }
    return change.finish(root_, replaced);
}

Result<void> Store::add(const BlobSource& blobs, const Descriptor& root, const std::string& name,
                        const Limits& limits) {
    const NamedImage image{.blobs = &blobs, .root = root, .name = name};
    return add(std::span(&image, 1), limits);
}

Result<void> Store::add(const Image& image, const std::string& name) {
    return add(MemoryBlobs(image), image.root, name);
}

Result<void> Store::prefetch(const BlobSource& blobs, const Descriptor& root, const Limits& limits) {
    GADGET_TRY_ASSIGN(const auto folder, open_folder(root_));
    GADGET_TRY_ASSIGN(const auto lock, fetch_lock(folder.get(), /*exclusive=*/false, root_.string()));
    FolderWriter writer(folder.get(), root_.string(), Durability::synced);
    writer.use_prefix(kFetchPrefix);
    writer.use_cancel(cancel_);
    GADGET_TRY(writer.prepare());
    GADGET_TRY(writer.add_image(blobs, root, limits));
    return writer.finish_blobs();
}

Result<StoreReader> Store::read() const {
    GADGET_TRY_ASSIGN(const auto folder, open_folder(root_));
    GADGET_TRY_ASSIGN(auto lock, lock_store(folder.get(), root_, /*exclusive=*/false, cancel_));
    GADGET_TRY_ASSIGN(auto layout, Layout::open(root_));
    return StoreReader(std::move(lock), std::move(layout));
}

Result<Descriptor> Store::resolve(const std::string& name) const {
    if (name.empty()) return Error{.code = ErrorCode::invalid_argument, .message = "the image has no name"};
    // index.json is replaced in one step: no lock is needed to read it.
    GADGET_TRY_ASSIGN(const auto layout, Layout::open(root_));
    return layout.find(name);
}

Result<std::vector<Descriptor>> Store::list() const {
    GADGET_TRY_ASSIGN(const auto layout, Layout::open(root_));
    std::vector<Descriptor> named;
    for (const auto& entry : layout.entries()) {
        if (!ref_name(entry).empty()) named.push_back(entry);
    }
    std::sort(named.begin(), named.end(),
              [](const auto& a, const auto& b) { return ref_name(a) < ref_name(b); });
    return named;
}

Result<Image> Store::load(const std::string& name, const Limits& limits) const {
    GADGET_TRY_ASSIGN(const auto reader, read());
    GADGET_TRY_ASSIGN(const auto root, reader.layout().find(name));
    return load_image(reader.layout(), root, limits);
}

Result<void> Store::tag(const std::string& existing, const std::string& name) {
    GADGET_TRY(check_name(name));
    if (name.empty()) return Error{.code = ErrorCode::invalid_argument, .message = "the new name is empty"};
    GADGET_TRY_ASSIGN(auto change, Change::begin(root_, cancel_));
    GADGET_TRY_ASSIGN(const auto found, change.layout().find(existing));
    std::vector<Descriptor> replaced;
    for (const auto& entry : change.entries) {
        if (ref_name(entry) == name && entry.digest != found.digest) replaced.push_back(entry);
    }
    replace_entry(change.entries, with_name(found, name));
    return change.finish(root_, replaced);
}

Result<void> Store::remove(const std::string& name) {
    GADGET_TRY_ASSIGN(auto change, Change::begin(root_, cancel_));
    GADGET_TRY_ASSIGN(const auto found, change.layout().find(name));
    // By digest, all names go; by name, only this one.
    const bool by_digest = ref_name(found) != name;
    std::vector<Descriptor> removed;
    std::erase_if(change.entries, [&](const Descriptor& entry) {
        if (by_digest ? entry.digest != found.digest : ref_name(entry) != name) return false;
        removed.push_back(entry);
        return true;
    });
    return change.finish(root_, removed);
}

Result<std::size_t> Store::collect_garbage(std::chrono::seconds age) {
    GADGET_TRY_ASSIGN(auto change, Change::begin(root_, cancel_));
    GADGET_TRY_ASSIGN(const auto needed, needed_blobs(change.layout(), change.entries));
    const auto before = change.entries.size();
    std::erase_if(change.entries, [&](const Descriptor& entry) {
        return ref_name(entry).empty() && !needed.contains(entry.digest);
    });
    if (change.entries.size() != before) {
        GADGET_TRY(change.commit());
        GADGET_TRY(change.writer().sync_index());
    }
    return delete_old_blobs(root_, needed, age);
}

Result<std::vector<std::string>> Store::import_layout(const fs::path& path, const Limits& limits) {
    GADGET_TRY_ASSIGN(const auto layout, Layout::open(path));
    std::vector<NamedImage> images;
    std::vector<std::string> names;
    for (const auto& entry : layout.entries()) {
        std::string name = ref_name(entry);
        if (name.empty()) continue;
        images.push_back({.blobs = &layout, .root = entry, .name = name});
        names.push_back(std::move(name));
    }
    if (names.empty()) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = in_quotes(path) + " names no image",
                     .hint = "say under which name it is to be stored"};
    }
    GADGET_TRY_ASSIGN(const auto referrers, referrers_of(layout, layout.entries()));
    for (const auto& referrer : referrers) images.push_back({.blobs = &layout, .root = referrer, .name = {}});
    GADGET_TRY(add(images, limits));
    std::sort(names.begin(), names.end());
    return names;
}

Result<void> Store::export_tar(const std::vector<std::string>& names, const fs::path& file,
                               const Limits& limits) const {
    GADGET_TRY_ASSIGN(const auto reader, read());
    const Layout& layout = reader.layout();
    std::vector<Descriptor> chosen;
    for (const auto& name : names) {
        GADGET_TRY_ASSIGN(auto found, layout.find(name));
        chosen.push_back(std::move(found));
    }
    GADGET_TRY_ASSIGN(auto signatures, signatures_of(layout, chosen));
    chosen.insert(chosen.end(), signatures.begin(), signatures.end());
    std::vector<NamedImage> images;
    for (auto& root : chosen) images.push_back({.blobs = &layout, .root = root, .name = ref_name(root)});
    return write_tar(images, file, limits, cancel_);
}

}  // namespace gadget::packager
