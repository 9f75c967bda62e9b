// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "gadget/support/text.h"

namespace gadget {
namespace {

namespace fs = std::filesystem;

std::string in_quotes(const fs::path& path) {
    return "'" + path.string() + "'";
}

Error not_regular(const fs::path& path, mode_t mode) {
    const char* what = S_ISDIR(mode) ? "a folder" : "not a regular file";
    return Error{.code = ErrorCode::invalid_argument, .message = in_quotes(path) + " is " + what};
}

Error too_large(const std::string& what, std::size_t limit) {
    return Error{.code = ErrorCode::corrupt_data,
                 .message = what + " is larger than the limit of " + human_bytes(limit)};
}

Result<void> write_temporary(int fd, std::span<const std::byte> content, unsigned mode,
                             const fs::path& path) {
    GADGET_TRY(write_all(fd, content, "cannot write " + in_quotes(path)));
    if (::fchmod(fd, static_cast<mode_t>(mode)) != 0)
        return errno_error(errno, "cannot set the mode of " + in_quotes(path));
    if (::fsync(fd) != 0) return errno_error(errno, "cannot write " + in_quotes(path));
    return {};
}

}  // namespace

Result<Bytes> read_all(int fd, std::size_t limit, const std::string& what) {
    Bytes content;
    struct stat info{};
    if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        if (static_cast<std::size_t>(info.st_size) > limit) return too_large(what, limit);
        content.reserve(static_cast<std::size_t>(info.st_size) + 1);
    }
    constexpr std::size_t kChunk = 64 << 10;
    for (;;) {
        const std::size_t used = content.size();
        const std::size_t room = content.capacity() > used ? content.capacity() - used : kChunk;
        content.resize(used + room);
        const ssize_t count = ::read(fd, content.data() + used, room);
        if (count < 0 && errno == EINTR) {
            content.resize(used);
            continue;
        }
        if (count < 0) return errno_error(errno, "cannot read " + what);
        content.resize(used + static_cast<std::size_t>(count));
        if (content.size() > limit) return too_large(what, limit);
        if (count == 0) return content;
    }
}

Result<Bytes> read_file(const fs::path& path, std::size_t limit) {
    // O_NONBLOCK: opening a pipe must not hang; it has no effect on regular files.
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return errno_error(errno, "cannot open " + in_quotes(path));
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return errno_error(errno, "cannot read " + in_quotes(path));
    if (!S_ISREG(info.st_mode)) return not_regular(path, info.st_mode);
    return read_all(fd.get(), limit, in_quotes(path));
}

Result<std::string> read_text_file(const fs::path& path, std::size_t limit) {
    GADGET_TRY_ASSIGN(const Bytes bytes, read_file(path, limit));
    return std::string(as_text(bytes));
}

Result<void> write_all(int fd, std::span<const std::byte> content, const std::string& what) {
    while (!content.empty()) {
        const ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error(errno, what);
        content = content.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> write_file_atomic(const fs::path& path, std::span<const std::byte> content, unsigned mode) {
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    std::string temporary = (folder / ("." + path.filename().string() + ".XXXXXX.tmp")).string();
    UniqueFd fd(::mkostemps(temporary.data(), 4, O_CLOEXEC));
    if (!fd) return errno_error(errno, "cannot write " + in_quotes(path));
    Result<void> written = write_temporary(fd.get(), content, mode, path);
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
        written = errno_error(errno, "cannot write " + in_quotes(path));
    }
    if (!written) (void)::unlink(temporary.c_str());  // the first error is the one to tell
    return written;
}

Result<void> write_file_atomic(const fs::path& path, std::string_view content, unsigned mode) {
    return write_file_atomic(path, as_bytes(content), mode);
}

Result<void> create_directories(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return errno_error(error.value(), "cannot create folder " + in_quotes(path));
    return {};
}

Result<UniqueFd> memory_file(const char* name, std::span<const std::byte> content) {
    UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
    if (!fd) return errno_error(errno, std::string("cannot create memory file ") + name);
    GADGET_TRY(write_all(fd.get(), content, std::string("cannot fill memory file ") + name));
    if (::lseek(fd.get(), 0, SEEK_SET) != 0)
        return errno_error(errno, std::string("cannot rewind memory file ") + name);
    return fd;
}

Result<TempDir> TempDir::create(std::string_view prefix, const fs::path& parent) {
    std::string path =
        ((parent.empty() ? fs::path("/tmp") : parent) / (std::string(prefix) + ".XXXXXX")).string();
    if (::mkdtemp(path.data()) == nullptr)
        return errno_error(errno, "cannot create temporary folder " + in_quotes(path));
    return TempDir(fs::path(path));
}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
}

TempDir::~TempDir() {
    if (path_.empty()) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace gadget
