// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "digest.h"
#include "gadget/packager/layout.h"
#include "go_json.h"
#include "layout_files.h"

namespace gadget::packager {

namespace {

constexpr std::size_t kBuffer = std::size_t{64} << 10;
constexpr std::size_t kMaxPending = 64;

Result<std::string> temporary_name(std::string_view prefix) {
    std::array<unsigned char, 8> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        return errno_error(errno, "cannot get random bytes");
    }
    return std::string(prefix) + to_hex(random);
}

}  // namespace

OutputFile::OutputFile(int folder, std::string folder_name, std::string temporary, UniqueFd fd)
    : folder_(folder),
      folder_name_(std::move(folder_name)),
      temporary_(std::move(temporary)),
      fd_(std::move(fd)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : folder_(other.folder_),
      folder_name_(std::move(other.folder_name_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::move(other.fd_)),
      buffer_(std::move(other.buffer_)) {}

OutputFile::~OutputFile() {
    if (!temporary_.empty()) ::unlinkat(folder_, temporary_.c_str(), 0);
}

Result<OutputFile> OutputFile::create(int folder, const std::string& folder_name, std::string_view prefix) {
    GADGET_TRY_ASSIGN(auto name, temporary_name(prefix));
    UniqueFd fd(::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!fd) return errno_error(errno, "cannot create a file in '" + folder_name + "'");
    return OutputFile(folder, folder_name, std::move(name), std::move(fd));
}

Result<void> OutputFile::flush() {
    GADGET_TRY(write_all(fd_.get(), buffer_, "a file in '" + folder_name_ + "'"));
    buffer_.clear();
    return {};
}

Result<void> OutputFile::write(std::span<const std::byte> content) {
    if (buffer_.size() + content.size() > kBuffer && !buffer_.empty()) GADGET_TRY(flush());
    if (content.size() >= kBuffer) return write_all(fd_.get(), content, "a file in '" + folder_name_ + "'");
    buffer_.insert(buffer_.end(), content.begin(), content.end());
    return {};
}

Result<void> OutputFile::finish() {
    GADGET_TRY(flush());
    // Only a hint: with the writing under way, the syncs that follow share the disk's work.
    (void)::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    return {};
}

void OutputFile::settle() const {
    constexpr unsigned kWait =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    // An error here shows again in sync(), which counts.
    (void)::sync_file_range(fd_.get(), 0, 0, kWait);
}

Result<void> OutputFile::sync() {
    if (::fdatasync(fd_.get()) != 0)
        return errno_error(errno, "cannot write a file in '" + folder_name_ + "'");
    return {};
}

Result<void> OutputFile::commit(int target_folder, const std::string& name) {
    if (::renameat(folder_, temporary_.c_str(), target_folder, name.c_str()) != 0) {
        return errno_error(errno, "cannot create '" + name + "' in '" + folder_name_ + "'");
    }
    temporary_.clear();
    return {};
}

FolderWriter::FolderWriter(int folder, std::string name, Durability durability)
    : folder_(folder), name_(std::move(name)), durability_(durability) {}

namespace {

/// Creates a folder below `parent` where missing and opens it; links are not followed.
Result<UniqueFd> make_folder(int parent, const std::string& name, const std::string& shown) {
    if (::mkdirat(parent, name.c_str(), 0777) != 0 && errno != EEXIST) {
        return errno_error(errno, "cannot create folder '" + shown + "'");
    }
    UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return errno_error(errno, "cannot open folder '" + shown + "'");
    return fd;
}

Result<void> sync_folder(int folder, const std::string& name) {
    if (::fsync(folder) != 0) return errno_error(errno, "cannot write folder '" + name + "'");
    return {};
}

}  // namespace

Result<void> FolderWriter::prepare() {
    GADGET_TRY_ASSIGN(blobs_, make_folder(folder_, "blobs", name_ + "/blobs"));
    if (::faccessat(folder_, kMarkerName, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return {};
    GADGET_TRY_ASSIGN(auto marker, OutputFile::create(folder_, name_, prefix_));
    GADGET_TRY(marker.write(as_bytes(kMarkerContent)));
    GADGET_TRY(marker.finish());
    pending_.push_back({std::move(marker), folder_, kMarkerName});
    return {};
}

Result<int> FolderWriter::algorithm_folder(const std::string& algorithm) {
    for (const auto& [name, fd] : algorithms_) {
        if (name == algorithm) return fd.get();
    }
    GADGET_TRY_ASSIGN(auto fd, make_folder(blobs_.get(), algorithm, name_ + "/blobs/" + algorithm));
    algorithms_.emplace_back(algorithm, std::move(fd));
    return algorithms_.back().second.get();
}

bool FolderWriter::has_blob(const Descriptor& blob) const {
    // Through the reader, which checks size and digest: a file that a power failure damaged is written again.
    class Here final : public BlobSource {
      public:
        explicit Here(const LayoutFiles& files) : files_(files) {}

      protected:
        Result<void> fetch(const Descriptor& wanted, const ChunkSink& sink) const override {
            GADGET_TRY_ASSIGN(const auto path, blob_path(wanted.digest));
            GADGET_TRY_ASSIGN(const auto slice, files_.open(path));
            return stream_slice(slice, sink, path);
        }

      private:
        const LayoutFiles& files_;
    };
    UniqueFd folder(::fcntl(folder_, F_DUPFD_CLOEXEC, 0));
    if (!folder) return false;
    const auto files = folder_files(std::move(folder), name_);
    return Here(*files)
        .stream(blob, until(cancel_, [](std::span<const std::byte>) -> Result<void> { return {}; }))
        .has_value();
}

Result<void> FolderWriter::add_blob(const BlobSource& blobs, const Descriptor& blob) {
    if (has_blob(blob)) return {};
    GADGET_TRY_ASSIGN(const auto parts, split_digest(blob.digest));
    GADGET_TRY_ASSIGN(const int target, algorithm_folder(std::string(parts.algorithm)));
    GADGET_TRY_ASSIGN(auto file, OutputFile::create(folder_, name_, prefix_));
    GADGET_TRY(blobs.stream(
        blob, until(cancel_, [&](std::span<const std::byte> piece) { return file.write(piece); })));
    GADGET_TRY(file.finish());
    pending_.push_back({std::move(file), target, std::string(parts.encoded)});
    if (pending_.size() < kMaxPending) return {};
    GADGET_TRY(place_blobs());
    return sync_placed();
}

Result<void> FolderWriter::place_blobs() {
    if (durability_ == Durability::synced) {
        for (const auto& blob : pending_) blob.file.settle();
    }
    for (auto& blob : pending_) {
        GADGET_TRY(blob.file.commit(blob.folder, blob.name));
        if (durability_ == Durability::synced) placed_.push_back(std::move(blob));
    }
    pending_.clear();
    return {};
}

Result<void> FolderWriter::sync_placed() {
    for (auto& blob : placed_) GADGET_TRY(blob.file.sync());
    placed_.clear();
    return {};
}

Result<void> FolderWriter::add_image(const BlobSource& blobs, const Descriptor& root, const Limits& limits) {
    GADGET_TRY_ASSIGN(const auto descriptors, reachable_blobs(blobs, root, limits));
    for (const auto& descriptor : descriptors) GADGET_TRY(add_blob(blobs, descriptor));
    return {};
}

Result<void> FolderWriter::write_index(std::vector<Descriptor> entries) {
    GADGET_TRY(place_blobs());
    GADGET_TRY_ASSIGN(auto file, OutputFile::create(folder_, name_, prefix_));
    GADGET_TRY(file.write(as_bytes(layout_index(std::move(entries)))));
    GADGET_TRY(file.finish());
    if (durability_ == Durability::synced) {
        file.settle();
        GADGET_TRY(file.sync());
        GADGET_TRY(sync_placed());
        for (const auto& [algorithm, fd] : algorithms_)
            GADGET_TRY(sync_folder(fd.get(), name_ + "/blobs/" + algorithm));
    }
    return file.commit(folder_, kIndexName);
}

Result<void> FolderWriter::finish_blobs() {
    GADGET_TRY(place_blobs());
    return sync_placed();
}

Result<void> FolderWriter::sync_index() {
    return sync_folder(folder_, name_);
}

void FolderWriter::remove_leftovers() const {
    const int copy = ::openat(folder_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) return;
    const CPtr<DIR, closedir> folder(::fdopendir(copy));
    if (!folder) return;
    std::vector<std::string> fetched;
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        if (name.starts_with(kTemporaryPrefix)) ::unlinkat(folder_, entry->d_name, 0);
        if (name.starts_with(kFetchPrefix)) fetched.emplace_back(name);
    }
    if (fetched.empty()) return;
    const auto lock = fetch_lock(folder_, /*exclusive=*/true, name_);
    if (!lock || !lock->has_value()) return;
    for (const auto& name : fetched) ::unlinkat(folder_, name.c_str(), 0);
}

Result<std::optional<UniqueFd>> fetch_lock(int folder, bool exclusive, const std::string& what) {
    UniqueFd lock(::openat(folder, kFetchLockName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!lock) return errno_error(errno, "cannot lock '" + what + "'");
    if (!exclusive) {
        GADGET_TRY(lock_file(lock.get(), /*exclusive=*/false, "'" + what + "'"));
    } else if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return std::optional<UniqueFd>();
    }
    return std::optional<UniqueFd>(std::move(lock));
}

Descriptor with_name(Descriptor descriptor, const std::string& name) {
    descriptor.annotations.erase(std::string(annotation::kRefName));
    if (!name.empty()) descriptor.annotations.emplace(annotation::kRefName, name);
    return descriptor;
}

void replace_entry(std::vector<Descriptor>& entries, Descriptor entry) {
    const std::string name = ref_name(entry);
    std::erase_if(entries, [&](const Descriptor& old) {
        return ref_name(old) == name && (!name.empty() || old.digest == entry.digest);
    });
    entries.push_back(std::move(entry));
}

std::string layout_index(std::vector<Descriptor> entries) {
    std::sort(entries.begin(), entries.end(), [](const Descriptor& a, const Descriptor& b) {
        return std::pair(a.digest, ref_name(a)) < std::pair(b.digest, ref_name(b));
    });
    return index_json(entries, {});
}

ChunkSink until(CancelToken cancel, ChunkSink sink) {
    return [cancel, sink = std::move(sink)](std::span<const std::byte> piece) -> Result<void> {
        if (cancel.requested()) return Error{.code = ErrorCode::cancelled, .message = "interrupted"};
        return sink(piece);
    };
}

Result<void> lock_file(int fd, bool exclusive, const std::string& what, CancelToken cancel) {
    using namespace std::chrono_literals;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (::flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) return errno_error(errno, "cannot lock " + what);
        if (cancel.requested()) return Error{.code = ErrorCode::cancelled, .message = "interrupted"};
        if (std::chrono::steady_clock::now() > deadline) {
            return Error{.code = ErrorCode::timed_out,
                         .message = what + " is in use by another process for a minute"};
        }
        const timespec pause{.tv_sec = 0, .tv_nsec = 2'000'000};
        ::nanosleep(&pause, nullptr);
    }
    return {};
}

}  // namespace gadget::packager
