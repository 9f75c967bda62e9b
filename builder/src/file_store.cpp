// SPDX-License-Identifier: Apache-2.0
#include "file_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "gadget/support/files.h"
#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"
#include "virtual_paths.h"

namespace gadget::builder {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kEmbeddedDevice = ~std::uint64_t{1};
constexpr std::uint64_t kOverrideDevice = ~std::uint64_t{2};
constexpr std::size_t kMaxSiblings = 1000;

// An archive has no "..", and clang asks for "<dir>/./x.h" when it was written so.
bool plain(std::string_view path) {
    return path.find("/../") == path.npos && path.find("/./") == path.npos;
}

}  // namespace

FileStore::FileStore() = default;
FileStore::~FileStore() = default;

void FileStore::mount_archive(std::string virtual_dir, Archive archive) {
    mounts_.push_back({std::move(virtual_dir), std::move(archive), {}, mounts_.size()});
}

void FileStore::mount_directory(std::string virtual_dir, fs::path real_dir) {
    mounts_.push_back({std::move(virtual_dir), std::nullopt, std::move(real_dir), mounts_.size()});
}

void FileStore::set_override(const std::string& path, std::optional<std::string> content) {
    overrides_.erase(path);
    if (!content) return;
    texts_.push_back(std::make_unique<std::string>(std::move(*content)));
    overrides_.emplace(path, StoredFile{*texts_.back(), kOverrideDevice, texts_.size()});
}

const FileStore::Mount* FileStore::mount_of(std::string_view path, std::string_view* rest) const {
    for (const Mount& mount : mounts_) {
        if (!path.starts_with(mount.virtual_dir)) continue;
        std::string_view tail = path.substr(mount.virtual_dir.size());
        if (!tail.empty() && tail.front() != '/') continue;
        while (!tail.empty() && tail.front() == '/') tail.remove_prefix(1);
        *rest = tail;
        return &mount;
    }
    return nullptr;
}

const StoredFile* FileStore::find(std::string_view path) {
    const std::string key(path);
    const auto overridden = overrides_.find(key);
    const StoredFile* original = find_embedded(path);
    if (overridden != overrides_.end()) return &overridden->second;
    if (original != nullptr) return original;
    const auto known = cache_.find(key);
    if (known != cache_.end()) return known->second.get();
    std::string_view rest;
    const Mount* mount = mount_of(path, &rest);
    std::unique_ptr<StoredFile> file;
    if (mount != nullptr && !mount->archive && !rest.empty()) {
        file = load_real(mount->real_dir / fs::path(rest));
        lookups_.push_back(
            {key, file ? Found::file : Found::nothing, file ? std::string(file->content) : std::string()});
    }
    return cache_.emplace(key, std::move(file)).first->second.get();
}

const StoredFile* FileStore::find_embedded(std::string_view path) {
    const std::string key(path);
    const auto known = cache_.find(key);
    std::string_view rest;
    if (known != cache_.end() && known->second && known->second->device == kEmbeddedDevice)
        return known->second.get();
    if (known != cache_.end()) return nullptr;
    const Mount* mount = mount_of(path, &rest);
    if (mount == nullptr || !mount->archive || !plain(path)) return nullptr;
    const Archive::Entry* entry = mount->archive->find(rest);
    if (entry == nullptr) return nullptr;
    auto file = std::make_unique<StoredFile>();
    file->content = mount->archive->text(*entry);
    file->device = kEmbeddedDevice;
    file->inode = mount->id << 32 | entry->offset;
    return cache_.emplace(key, std::move(file)).first->second.get();
}

bool FileStore::is_directory(std::string_view path) {
    std::string_view rest;
    const Mount* mount = mount_of(path, &rest);
    if (mount == nullptr) return false;
    while (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
    if (mount->archive) return plain(path) && mount->archive->has_directory(rest);
    const auto known = directories_.find(std::string(path));
    if (known != directories_.end()) return known->second;
    std::error_code error;
    const bool found =
        fs::is_directory(mount->real_dir.empty() ? fs::path(".") / rest : mount->real_dir / rest, error);
    lookups_.push_back({std::string(path), found ? Found::directory : Found::no_directory, {}});
    return directories_[std::string(path)] = found;
}

void FileStore::refuse(const fs::path& path, const std::string& why, std::string hint) {
    if (!problem_.empty()) return;
    problem_ = "'" + path.string() + "' " + why;
    problem_hint_ = std::move(hint);
}

// By name: a link in the author's folder is his word that what it leads to belongs there.
bool FileStore::is_shown(const fs::path& path) const {
    const fs::path wanted = fs::absolute(path).lexically_normal();
    return std::any_of(mounts_.begin(), mounts_.end(), [&](const Mount& mount) {
        if (mount.archive) return false;
        const fs::path folder =
            (fs::absolute(mount.real_dir.empty() ? "." : mount.real_dir) / "").lexically_normal();
        return wanted.string().starts_with(folder.string());
    });
}

std::unique_ptr<StoredFile> FileStore::load_real(const fs::path& path) {
    // Not to hang on a pipe that bears the name of a header.
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status{};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
        if (!fd && errno == EACCES) refuse(path, "cannot be read: permission denied");
        return nullptr;
    }
    if (S_ISDIR(status.st_mode)) return nullptr;
    if (!is_shown(path)) {
        refuse(path.lexically_normal(), "is outside of the gadget's folder and of the include folders",
               "name the folder that it is in under 'includes' in build.yaml, or with -I");
        return nullptr;
    }
    if (!S_ISREG(status.st_mode)) return refuse(path, "is not a regular file"), nullptr;
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > kMaxFile || total_ + size > kMaxTotal) {
        refuse(path, "is too large (" + human_bytes(size) + ") for a source file; the limit is " +
                         human_bytes(kMaxFile) + ", and " + human_bytes(kMaxTotal) + " for all of a program");
        return nullptr;
    }
    auto bytes = read_all(fd.get(), kMaxFile, path.string());
    if (!bytes) return refuse(path, "cannot be read: " + bytes.error().message), nullptr;
    const std::string_view text = as_text(*bytes);
    if (text.find('\0') != text.npos) return refuse(path, "is not text: it has NUL bytes"), nullptr;
    total_ += text.size();
    texts_.push_back(std::make_unique<std::string>(text));
    auto file = std::make_unique<StoredFile>();
    file->content = *texts_.back();
    file->device = status.st_dev;
    file->inode = status.st_ino;
    // One file may be read under several names ("x.h", "sub/../x.h"): the first counts.
    const bool known = std::any_of(cache_.begin(), cache_.end(), [&](const auto& entry) {
        return entry.second && entry.second->device == file->device && entry.second->inode == file->inode;
    });
    if (!known) inputs_.push_back(path);
    return file;
}

std::string FileStore::display_path(std::string_view path) const {
    const std::string absolute =
        path.starts_with('/') ? std::string(path) : std::string(kSourceDir) + '/' + std::string(path);
    std::string_view rest;
    const Mount* mount = mount_of(absolute, &rest);
    if (mount == nullptr) return std::string(path);
    if (mount->archive) return '<' + std::string(rest) + '>';
    return (mount->real_dir / fs::path(rest)).lexically_normal().string();
}

bool FileStore::is_authors(std::string_view path) const {
    std::string_view rest;
    const Mount* mount = mount_of(path, &rest);
    return mount != nullptr && !mount->archive;
}

std::vector<std::string> FileStore::header_names() const {
    std::vector<std::string> names;
    for (const Mount& mount : mounts_) {
        if (!mount.archive) continue;
        for (const Archive::Entry& entry : mount.archive->entries()) names.push_back(entry.path);
    }
    return names;
}

std::vector<std::string> FileStore::siblings(std::string_view path) const {
    std::vector<std::string> names;
    std::string_view rest;
    const Mount* mount = mount_of(path, &rest);
    if (mount == nullptr || mount->archive) return names;
    const fs::path folder = (mount->real_dir / fs::path(rest)).parent_path();
    std::error_code error;
    fs::directory_iterator entries(folder.empty() ? fs::path(".") : folder, error);
    for (; !error && entries != fs::directory_iterator() && names.size() < kMaxSiblings;
         entries.increment(error)) {
        names.push_back(entries->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace gadget::builder
