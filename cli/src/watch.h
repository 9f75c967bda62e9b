// SPDX-License-Identifier: Apache-2.0
// Waits until files change on disk (inotify(7)).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>

#include "gadget/support/cancel.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::cli {

/// Folders are watched, not files: editors write a new file and rename it.
class Watch {
  public:
    static Result<Watch> open();

    /// Adds files to those whose changes count. A folder that cannot be watched is an error that names it.
    Result<void> add_files(std::span<const std::filesystem::path> files);
    /// Lets every file count that is directly in `folder` and whose name `counts` accepts.
    Result<void> add_folder(const std::filesystem::path& folder,
                            std::function<bool(const std::filesystem::path&)> counts);

    /// Waits for a change since the last call, or since the file was added; changes in quick succession are
    /// one. The name of a changed file; empty when `cancel` was requested.
    Result<std::filesystem::path> wait(CancelToken cancel);

  private:
    struct Folder {
        std::filesystem::path path;
        std::set<std::string> names;
        std::function<bool(const std::filesystem::path&)> counts{};
    };
    explicit Watch(UniqueFd fd) : fd_(std::move(fd)) {}
    Result<Folder*> folder(const std::filesystem::path& path);
    Result<std::filesystem::path> read_events();

    UniqueFd fd_;
    std::map<int, Folder> folders_;  ///< by watch descriptor
};

}  // namespace gadget::cli
