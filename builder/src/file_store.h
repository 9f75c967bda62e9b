// SPDX-License-Identifier: Apache-2.0
// Every file that the compiler can see, under fixed virtual paths: embedded headers, the author's folder, his
// include folders. Nothing else of the machine exists for the compiler, so an object cannot depend on it or
// name it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "archive.h"
#include "wire.h"

namespace gadget::builder {

/// A file's text; `content` is followed by a NUL and lives as long as the store.
struct StoredFile {
    std::string_view content;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
};

class FileStore {
  public:
    /// Files larger than this, and more than this in sum, are refused.
    static constexpr std::size_t kMaxFile = std::size_t{8} << 20;
    static constexpr std::size_t kMaxTotal = std::size_t{64} << 20;

    FileStore();
    FileStore(const FileStore&) = delete;
    FileStore& operator=(const FileStore&) = delete;
    ~FileStore();

    /// Shows the archive's files below `virtual_dir`. The bytes of the archive must outlive the store.
    void mount_archive(std::string virtual_dir, Archive archive);
    /// Shows the files of `real_dir`. Through "..", only what another mounted folder holds is shown.
    void mount_directory(std::string virtual_dir, std::filesystem::path real_dir);
    /// Puts `content` in the place of the file at `path`; nullopt shows the original again.
    void set_override(const std::string& path, std::optional<std::string> content);

    /// The file at `path` (virtual, absolute), nullptr when there is none.
    const StoredFile* find(std::string_view path);
    /// The embedded file at `path`, whatever is overridden.
    const StoredFile* find_embedded(std::string_view path);
    bool is_directory(std::string_view path);
    /// Every question about real folders, each once, in order.
    [[nodiscard]] const std::vector<Lookup>& lookups() const { return lookups_; }
    /// What people know the file as: the real path, or "<bpf/bpf_helpers.h>" for embedded headers.
    [[nodiscard]] std::string display_path(std::string_view path) const;
    /// Does the path lead into a folder of the author, not to embedded headers?
    [[nodiscard]] bool is_authors(std::string_view path) const;
    /// Real files that were read, in order, each once.
    [[nodiscard]] const std::vector<std::filesystem::path>& inputs() const { return inputs_; }
    /// Why a file that exists could not be given, empty if there was no such case: "'x.h' is 104 MB, ...".
    [[nodiscard]] const std::string& problem() const { return problem_; }
    /// What to do about it, if there is anything.
    [[nodiscard]] const std::string& problem_hint() const { return problem_hint_; }
    /// Paths as written in an #include <...> of all embedded headers, for suggestions.
    [[nodiscard]] std::vector<std::string> header_names() const;
    /// Names of the files beside `path` (which need not exist), for suggestions; empty for embedded folders.
    [[nodiscard]] std::vector<std::string> siblings(std::string_view path) const;

  private:
    struct Mount {
        std::string virtual_dir;  // without a slash at the end
        std::optional<Archive> archive;
        std::filesystem::path real_dir;
        std::uint64_t id = 0;
    };
    const Mount* mount_of(std::string_view path, std::string_view* rest) const;
    std::unique_ptr<StoredFile> load_real(const std::filesystem::path& path);
    void refuse(const std::filesystem::path& path, const std::string& why, std::string hint = {});
    [[nodiscard]] bool is_shown(const std::filesystem::path& path) const;

    std::vector<Mount> mounts_;
    std::unordered_map<std::string, std::unique_ptr<StoredFile>> cache_;  // nullptr: known not to exist
    std::unordered_map<std::string, bool> directories_;                   // real ones that were asked for
    std::vector<Lookup> lookups_;
    std::unordered_map<std::string, StoredFile> overrides_;
    std::vector<std::unique_ptr<std::string>> texts_;  // what StoredFile::content points into
    std::vector<std::filesystem::path> inputs_;
    std::string problem_;
    std::string problem_hint_;
    std::size_t total_ = 0;
};

}  // namespace gadget::builder
