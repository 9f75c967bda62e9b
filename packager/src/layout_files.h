// SPDX-License-Identifier: Apache-2.0
// The files of a layout, wherever they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "gadget/packager/image.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::packager {

inline constexpr const char* kMarkerName = "oci-layout";
inline constexpr const char* kIndexName = "index.json";
inline constexpr const char* kLockName = "index.json.lock";
inline constexpr std::string_view kMarkerContent = R"({"imageLayoutVersion":"1.0.0"})";
inline constexpr std::uint64_t kMaxMarker = 4096;
inline constexpr std::uint64_t kMaxLayoutIndex = std::uint64_t{16} << 20;

/// Bytes of a regular file, or of a part of one.
struct FileSlice {
    UniqueFd owned;  ///< closes `fd` with the slice, unless the LayoutFiles keeps it
    int fd = -1;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

class LayoutFiles {
  public:
    virtual ~LayoutFiles() = default;
    /// The file called `name` ("blobs/sha256/<hex>"). The slice must not outlive this object.
    [[nodiscard]] virtual Result<FileSlice> open(const std::string& name) const = 0;
};

/// "blobs/sha256/<hex>"; corrupt_data when `digest` is none.
Result<std::string> blob_path(const std::string& digest);

Result<void> stream_slice(const FileSlice& slice, const ChunkSink& sink, const std::string& what);
Result<Bytes> read_slice(const FileSlice& slice, std::uint64_t limit, const std::string& what);

/// A folder, by its descriptor; `name` is for errors. Links below it are not followed.
std::unique_ptr<const LayoutFiles> folder_files(UniqueFd folder, std::string name);

/// Files that are open already, by name; `name` is for errors.
std::unique_ptr<const LayoutFiles> open_files(std::map<std::string, FileSlice> files, std::string name);

/// A plain tar. Reads all its headers.
Result<std::unique_ptr<const LayoutFiles>> tar_files(UniqueFd file, const std::string& name);

/// Checks oci-layout and reads the entries of index.json.
Result<std::vector<Descriptor>> read_entries(const LayoutFiles& files, const std::string& name);

}  // namespace gadget::packager
