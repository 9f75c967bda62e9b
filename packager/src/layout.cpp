// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/layout.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "gadget/packager/signing.h"
#include "gadget/support/text.h"
#include "layout_files.h"

namespace gadget::packager {

Layout::Layout(std::unique_ptr<const LayoutFiles> files, std::vector<Descriptor> entries, std::string name)
    : files_(std::move(files)), entries_(std::move(entries)), name_(std::move(name)) {}
Layout::Layout(Layout&&) noexcept = default;
Layout& Layout::operator=(Layout&&) noexcept = default;
Layout::~Layout() = default;

Result<Layout> Layout::open(const std::filesystem::path& path) {
    const std::string name = path.string();
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return errno_error(errno, "cannot open '" + name + "'");
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "cannot read '" + name + "'");
    std::unique_ptr<const LayoutFiles> files;
    if (S_ISDIR(status.st_mode)) {
        files = folder_files(std::move(fd), name);
    } else if (S_ISREG(status.st_mode)) {
        GADGET_TRY_ASSIGN(files, tar_files(std::move(fd), name));
    } else {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "'" + name + "' is neither a folder nor a file"};
    }
    GADGET_TRY_ASSIGN(auto entries, read_entries(*files, name));
    return Layout(std::move(files), std::move(entries), name);
}

Result<void> Layout::fetch(const Descriptor& blob, const ChunkSink& sink) const {
    GADGET_TRY_ASSIGN(const auto path, blob_path(blob.digest));
    GADGET_TRY_ASSIGN(const auto slice, files_->open(path));
    const std::string what = "blob " + blob.digest + " of '" + name_ + "'";
    if (slice.size != blob.size) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = what + " has " + std::to_string(slice.size) + " bytes, expected " +
                                std::to_string(blob.size)};
    }
    return stream_slice(slice, sink, what);
}

std::string ref_name(const Descriptor& descriptor) {
    const auto found = descriptor.annotations.find(std::string(annotation::kRefName));
    return found == descriptor.annotations.end() ? std::string() : found->second;
}

Result<Descriptor> Layout::find(const std::string& name) const {
    std::vector<std::string> names;
    const Descriptor* only_named = nullptr;
    for (const auto& entry : entries_) {
        const std::string entry_name = ref_name(entry);
        if (!name.empty() && (entry_name == name || entry.digest == name)) return entry;
        if (entry_name.empty() || is_attachment_name(entry_name)) continue;
        only_named = names.empty() ? &entry : nullptr;
        names.push_back(printable(entry_name));
    }
    constexpr std::size_t kShown = 8;
    if (names.size() > kShown + 1) {
        const std::size_t left = names.size() - kShown;
        names.resize(kShown);
        names.push_back(std::to_string(left) + " more");
    }
    const std::string known = names.empty() ? "it names no image" : "it has " + join_words(names);
    if (!name.empty()) {
        return Error{.code = ErrorCode::not_found,
                     .message = "'" + name_ + "' has no image '" + printable(name) + "'",
                     .hint = known};
    }
    if (only_named != nullptr) return *only_named;
    if (entries_.size() == 1) return entries_.front();
    if (entries_.empty())
        return Error{.code = ErrorCode::not_found, .message = "'" + name_ + "' has no image"};
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "'" + name_ + "' has several images: a name is needed",
                 .hint = known};
}

Result<Layout> Layout::pin(const std::vector<Descriptor>& roots) const {
    constexpr std::size_t kMaxFiles = 500;
    std::map<std::string, FileSlice> files;
    for (const auto& root : roots) {
        GADGET_TRY_ASSIGN(const auto blobs, reachable_blobs(*this, root));
        for (const auto& blob : blobs) {
            GADGET_TRY_ASSIGN(const auto path, blob_path(blob.digest));
            if (files.contains(path)) continue;
            if (files.size() >= kMaxFiles)
                return Error{.code = ErrorCode::unsupported, .message = "the images have too many blobs"};
            GADGET_TRY_ASSIGN(auto file, files_->open(path));
            files.emplace(path, std::move(file));
        }
    }
    return Layout(open_files(std::move(files), name_), roots, name_);
}

}  // namespace gadget::packager
