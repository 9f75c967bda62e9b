// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <cerrno>
#include <unordered_map>

#include "layout_files.h"
#include "tar_format.h"

namespace gadget::packager {

namespace {

class TarFiles final : public LayoutFiles {
  public:
    TarFiles(UniqueFd file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

    Result<void> scan() {
        struct stat status{};
        if (::fstat(file_.get(), &status) != 0) return errno_error(errno, "cannot read '" + name_ + "'");
        return scan_tar(file_.get(), static_cast<std::uint64_t>(status.st_size), "'" + name_ + "'",
                        [&](TarMember member) {
                            const Place place{.offset = member.offset, .size = member.size};
                            members_.emplace(std::move(member.name), place);
                        });
    }

    Result<FileSlice> open(const std::string& name) const override {
        const auto found = members_.find(name);
        if (found == members_.end()) {
            return Error{.code = ErrorCode::not_found,
                         .message = "'" + name_ + "' has no member '" + name + "'"};
        }
        return FileSlice{
            .owned = {}, .fd = file_.get(), .offset = found->second.offset, .size = found->second.size};
    }

  private:
    struct Place {
        std::uint64_t offset;
        std::uint64_t size;
    };
    UniqueFd file_;
    std::string name_;
    std::unordered_map<std::string, Place> members_;
};

}  // namespace

Result<std::unique_ptr<const LayoutFiles>> tar_files(UniqueFd file, const std::string& name) {
    auto files = std::make_unique<TarFiles>(std::move(file), name);
    GADGET_TRY(files->scan());
    return std::unique_ptr<const LayoutFiles>(std::move(files));
}

}  // namespace gadget::packager
