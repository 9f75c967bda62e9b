// SPDX-License-Identifier: Apache-2.0
// Files: bounded reads, writes that are either whole or not there, temporary folders that go away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget {

using Bytes = std::vector<std::byte>;

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}
[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Limit for files that people write (sources, YAML): 16 MiB.
inline constexpr std::size_t kMaxTextFile = std::size_t{16} << 20;
/// Limit for objects and image blobs held in memory: 256 MiB.
inline constexpr std::size_t kMaxBinaryFile = std::size_t{256} << 20;

/// The whole regular file at `path`. Refuses directories, devices, pipes, and more than `limit` bytes.
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t limit = kMaxBinaryFile);
Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit = kMaxTextFile);

/// Writes beside `path` and renames: readers see the old content or the new one, never a part, and a failure
/// (full disk, no permission) leaves the old content in place and no temporary file.
Result<void> write_file_atomic(const std::filesystem::path& path, std::span<const std::byte> content,
                               unsigned mode = 0644);
Result<void> write_file_atomic(const std::filesystem::path& path, std::string_view content,
                               unsigned mode = 0644);

/// Creates the folder and its parents; fine if it is there.
Result<void> create_directories(const std::filesystem::path& path);

/// Writes everything to `fd`, through short writes and EINTR. `what` names the target in the error.
Result<void> write_all(int fd, std::span<const std::byte> content, const std::string& what);

/// An anonymous file in memory that holds `content`, positioned at its start, close-on-exec.
Result<UniqueFd> memory_file(const char* name, std::span<const std::byte> content);

/// Everything that can be read from `fd` from the current position on, at most `limit` bytes.
Result<Bytes> read_all(int fd, std::size_t limit, const std::string& what);

/// A folder that is removed, with all in it, when the object goes.
class TempDir {
  public:
    /// Under TMPDIR as given by `parent`, or /tmp when empty.
    static Result<TempDir> create(std::string_view prefix = "gadget",
                                  const std::filesystem::path& parent = {});
    TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    TempDir& operator=(TempDir&& other) noexcept;
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

}  // namespace gadget
