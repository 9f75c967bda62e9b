// SPDX-License-Identifier: Apache-2.0
#include "layout_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "digest.h"
#include "gadget/support/text.h"
#include "oci_json.h"

namespace gadget::packager {

namespace {

constexpr std::size_t kChunk = std::size_t{256} << 10;

class FolderFiles final : public LayoutFiles {
  public:
    FolderFiles(UniqueFd folder, std::string name) : folder_(std::move(folder)), name_(std::move(name)) {}

    Result<FileSlice> open(const std::string& name) const override {
        const auto parts = split(name, '/');
        UniqueFd parent;
        int at = folder_.get();
        for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
            UniqueFd next(
                ::openat(at, std::string(parts[i]).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!next) return failure(errno, name);
            parent = std::move(next);
            at = parent.get();
        }
        // O_NONBLOCK: a pipe in the place of a file must not hang us.
        FileSlice slice;
        slice.owned.reset(
            ::openat(at, std::string(parts.back()).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!slice.owned) return failure(errno, name);
        struct stat status{};
        if (::fstat(slice.owned.get(), &status) != 0) return failure(errno, name);
        if (!S_ISREG(status.st_mode)) {
            return Error{.code = ErrorCode::corrupt_data,
                         .message = "'" + name_ + "/" + name + "' is not a regular file"};
        }
        slice.fd = slice.owned.get();
        slice.size = static_cast<std::uint64_t>(status.st_size);
        return slice;
    }

  private:
    [[nodiscard]] Error failure(int error, const std::string& name) const {
        const std::string what = "'" + name_ + "/" + name + "'";
        if (error == ELOOP || error == ENOTDIR) {
            return Error{.code = ErrorCode::corrupt_data,
                         .message = what + ": links are not followed in a layout"};
        }
        return errno_error(error, "cannot open " + what);
    }

    UniqueFd folder_;
    std::string name_;
};

class OpenFiles final : public LayoutFiles {
  public:
    OpenFiles(std::map<std::string, FileSlice> files, std::string name)
        : files_(std::move(files)), name_(std::move(name)) {}

    Result<FileSlice> open(const std::string& name) const override {
        const auto found = files_.find(name);
        if (found == files_.end()) {
            return Error{.code = ErrorCode::not_found,
                         .message = "'" + name_ + "' has no '" + name + "' among the images chosen"};
        }
        const FileSlice& file = found->second;
        return FileSlice{.owned = {}, .fd = file.fd, .offset = file.offset, .size = file.size};
    }

  private:
    std::map<std::string, FileSlice> files_;
    std::string name_;
};

}  // namespace

Result<std::string> blob_path(const std::string& digest) {
    GADGET_TRY_ASSIGN(const auto parts, split_digest(digest));
    return "blobs/" + std::string(parts.algorithm) + "/" + std::string(parts.encoded);
}

Result<void> stream_slice(const FileSlice& slice, const ChunkSink& sink, const std::string& what) {
    Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(slice.size, kChunk)));
    std::uint64_t done = 0;
    while (done < slice.size) {
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(slice.size - done, buffer.size()));
        const ssize_t count =
            ::pread(slice.fd, buffer.data(), wanted, static_cast<off_t>(slice.offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error(errno, "cannot read " + what);
        if (count == 0) return Error{.code = ErrorCode::corrupt_data, .message = what + " ends early"};
        GADGET_TRY(sink(std::span(buffer).first(static_cast<std::size_t>(count))));
        done += static_cast<std::uint64_t>(count);
    }
    return {};
}

Result<Bytes> read_slice(const FileSlice& slice, std::uint64_t limit, const std::string& what) {
    if (slice.size > limit) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = what + " is larger than the limit of " + human_bytes(limit)};
    }
    Bytes content;
    content.reserve(static_cast<std::size_t>(slice.size));
    const auto append = [&](std::span<const std::byte> piece) -> Result<void> {
        content.insert(content.end(), piece.begin(), piece.end());
        return {};
    };
    GADGET_TRY(stream_slice(slice, append, what));
    return content;
}

std::unique_ptr<const LayoutFiles> folder_files(UniqueFd folder, std::string name) {
    return std::make_unique<FolderFiles>(std::move(folder), std::move(name));
}

std::unique_ptr<const LayoutFiles> open_files(std::map<std::string, FileSlice> files, std::string name) {
    return std::make_unique<OpenFiles>(std::move(files), std::move(name));
}

Result<std::vector<Descriptor>> read_entries(const LayoutFiles& files, const std::string& name) {
    const auto open_part = [&](const char* part) -> Result<FileSlice> {
        auto slice = files.open(part);
        if (!slice && slice.error().code == ErrorCode::not_found) {
            return Error{.code = ErrorCode::corrupt_data,
                         .message = "'" + name + "' is not an OCI image layout: it has no " + part};
        }
        return slice;
    };
    GADGET_TRY_ASSIGN(const auto marker, open_part(kMarkerName));
    const std::string marker_name = "'" + name + "': " + kMarkerName;
    GADGET_TRY_ASSIGN(const auto marker_bytes, read_slice(marker, kMaxMarker, marker_name));
    GADGET_TRY(check_layout_marker(marker_bytes, marker_name));
    GADGET_TRY_ASSIGN(const auto index, open_part(kIndexName));
    const std::string index_name = "'" + name + "': " + kIndexName;
    GADGET_TRY_ASSIGN(const auto index_bytes, read_slice(index, kMaxLayoutIndex, index_name));
    GADGET_TRY_ASSIGN(auto body, parse_index(index_bytes, index_name));
    return std::move(body.manifests);
}

}  // namespace gadget::packager
