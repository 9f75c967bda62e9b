// SPDX-License-Identifier: Apache-2.0
// Writing files and layout folders so that nobody ever sees a part of them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gadget/packager/image.h"
#include "gadget/support/cancel.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::packager {

/// Whether a file must survive a power failure once it has its name.
enum class Durability : std::uint8_t { none, synced };

/// Files of writers that hold the lock, and of those that only fetch blobs and hold kFetchLockName shared.
inline constexpr std::string_view kTemporaryPrefix = ".gadget-tmp-";
inline constexpr std::string_view kFetchPrefix = ".gadget-fetch-";
inline constexpr const char* kFetchLockName = ".gadget-fetch.lock";

/// A file under a temporary name, which goes away unless it is committed. `folder` is borrowed.
class OutputFile {
  public:
    static Result<OutputFile> create(int folder, const std::string& folder_name,
                                     std::string_view prefix = kTemporaryPrefix);
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    ~OutputFile();

    Result<void> write(std::span<const std::byte> content);
    /// Hands everything to the kernel and starts writing it out.
    Result<void> finish();
    /// Waits until the content is written out. Saves nothing from a power failure yet: see sync().
    void settle() const;
    /// Waits until content and size are safe on the disk. After finish(), before or after commit().
    Result<void> sync();
    /// Gives it its name, replacing what has it. After finish().
    Result<void> commit(int target_folder, const std::string& name);

  private:
    OutputFile(int folder, std::string folder_name, std::string temporary, UniqueFd fd);
    Result<void> flush();
    int folder_;
    std::string folder_name_;
    std::string temporary_;
    UniqueFd fd_;
    Bytes buffer_;
};

/// Changes a layout folder: blobs first, the index last. The caller holds the lock.
///
/// With Durability::synced, all files are written out before the first of them is synced: a journalling file
/// system then needs one commit for all instead of one for each. Blobs get their names before they are
/// synced: until the index names them nobody looks, and add_image() reads what it finds before it trusts it.
class FolderWriter {
  public:
    /// `folder` is an open folder, borrowed; `name` is for errors.
    FolderWriter(int folder, std::string name, Durability durability);

    /// Creates blobs/ and oci-layout where missing.
    Result<void> prepare();
    /// Copies all blobs of the image that are not there yet (or are there damaged), under temporary names.
    Result<void> add_image(const BlobSource& blobs, const Descriptor& root, const Limits& limits);
    /// Gives the added blobs their names.
    Result<void> place_blobs();
    /// Places the blobs, makes them safe, and replaces index.json.
    Result<void> write_index(std::vector<Descriptor> entries);
    /// Makes the replaced index.json safe: needed before anything is deleted that the old one names.
    Result<void> sync_index();
    /// Gives temporary files another prefix.
    void use_prefix(std::string_view prefix) { prefix_ = prefix; }
    /// Lets copying of blobs be interrupted.
    void use_cancel(CancelToken cancel) { cancel_ = cancel; }
    /// Gives the added blobs their names, and makes them safe.
    Result<void> finish_blobs();
    /// Removes what writers that were killed left. Only under an exclusive lock that all writers take.
    void remove_leftovers() const;

  private:
    struct Pending {
        OutputFile file;
        int folder;
        std::string name;
    };
    Result<void> add_blob(const BlobSource& blobs, const Descriptor& blob);
    Result<int> algorithm_folder(const std::string& algorithm);
    [[nodiscard]] bool has_blob(const Descriptor& blob) const;
    Result<void> sync_placed();

    int folder_;
    std::string name_;
    Durability durability_;
    std::string_view prefix_ = kTemporaryPrefix;
    CancelToken cancel_{};
    UniqueFd blobs_;
    std::vector<std::pair<std::string, UniqueFd>> algorithms_;
    std::vector<Pending> pending_;  ///< under temporary names
    std::vector<Pending> placed_;   ///< named, not synced
};

/// Sets or removes the ref.name annotation.
[[nodiscard]] Descriptor with_name(Descriptor descriptor, const std::string& name);

/// Puts `entry` among the entries, in the place of the one that has its name; an unnamed one stands once.
void replace_entry(std::vector<Descriptor>& entries, Descriptor entry);

/// Sorts entries by digest and name, and gives the bytes of index.json.
[[nodiscard]] std::string layout_index(std::vector<Descriptor> entries);

/// An exclusive or shared flock on `fd`; timed_out after a minute, cancelled.
Result<void> lock_file(int fd, bool exclusive, const std::string& what, CancelToken cancel = {});

/// Hands on what `sink` gets, until cancelled.
[[nodiscard]] ChunkSink until(CancelToken cancel, ChunkSink sink);

/// The lock that those who fetch blobs hold shared; nullopt when `exclusive` and somebody fetches.
Result<std::optional<UniqueFd>> fetch_lock(int folder, bool exclusive, const std::string& what);

}  // namespace gadget::packager
