// SPDX-License-Identifier: Apache-2.0
#include "virtual_fs.h"

#include <llvm/Support/MemoryBuffer.h>

#include "file_store.h"

namespace gadget::builder {
namespace {

using llvm::vfs::Status;

std::error_code no_such_file() {
    return std::make_error_code(std::errc::no_such_file_or_directory);
}

Status file_status(const llvm::Twine& path, const StoredFile& file) {
    // One fixed time for all files: nothing that the compiler sees depends on when a file was written.
    return Status(path, llvm::sys::fs::UniqueID(file.device, file.inode), llvm::sys::TimePoint<>(), 0, 0,
                  file.content.size(), llvm::sys::fs::file_type::regular_file,
                  llvm::sys::fs::perms::all_read);
}

class MemoryFile final : public llvm::vfs::File {
  public:
    MemoryFile(std::string path, const StoredFile& file) : path_(std::move(path)), file_(file) {}
    llvm::ErrorOr<Status> status() override { return file_status(path_, file_); }
    llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> getBuffer(const llvm::Twine& name, std::int64_t, bool,
                                                                 bool) override {
        return llvm::MemoryBuffer::getMemBuffer(llvm::StringRef(file_.content), name.str());
    }
    std::error_code close() override { return {}; }

  private:
    std::string path_;
    StoredFile file_;
};

class StoreFileSystem final : public llvm::vfs::FileSystem {
  public:
    explicit StoreFileSystem(FileStore& files) : files_(files) {}

    llvm::ErrorOr<Status> status(const llvm::Twine& path) override {
        const std::string name = absolute(path);
        if (const StoredFile* file = files_.find(name)) return file_status(path, *file);
        if (!files_.is_directory(name)) return no_such_file();
        return Status(path, llvm::sys::fs::UniqueID(~0ULL, std::hash<std::string>()(name)),
                      llvm::sys::TimePoint<>(), 0, 0, 0, llvm::sys::fs::file_type::directory_file,
                      llvm::sys::fs::perms::all_read);
    }
    llvm::ErrorOr<std::unique_ptr<llvm::vfs::File>> openFileForRead(const llvm::Twine& path) override {
        const StoredFile* file = files_.find(absolute(path));
        if (file == nullptr) return no_such_file();
        return std::make_unique<MemoryFile>(path.str(), *file);
    }
    llvm::vfs::directory_iterator dir_begin(const llvm::Twine&, std::error_code& error) override {
        error = std::make_error_code(std::errc::not_supported);
        return {};
    }
    std::error_code setCurrentWorkingDirectory(const llvm::Twine&) override { return {}; }
    llvm::ErrorOr<std::string> getCurrentWorkingDirectory() const override { return std::string("/gadget"); }

  private:
    static std::string absolute(const llvm::Twine& path) {
        std::string name = path.str();
        return name.starts_with('/') ? name : "/gadget/" + name;
    }
    FileStore& files_;
};

}  // namespace

llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> make_virtual_fs(FileStore& files) {
    return llvm::makeIntrusiveRefCnt<StoreFileSystem>(files);
}

}  // namespace gadget::builder
