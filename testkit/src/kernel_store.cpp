// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "child.h"
#include "gadget/support/text.h"
#include "gadget/testkit/kernels.h"
#include "kernel_image.h"
#include "kernel_layer.h"
#include "kernel_package.h"
#include "sha256.h"

namespace gadget::testkit {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int kFormat = 1;  // of an entry; entries of another format are fetched anew
constexpr const char* kFactsFile = "kernel.json";

Result<void> check_id(const std::string& id) {
    const bool fine = !id.empty() && id.size() <= 64 && id[0] != '.' && id != "host" &&
                      std::all_of(id.begin(), id.end(), [](unsigned char c) {
                          return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 c == '.' || c == '_' || c == '+' || c == '-';
                      });
    if (fine) return {};
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "'" + printable(id) + "' cannot be the name of a stored kernel",
                 .hint = "use letters, digits, '.', '_', '+' and '-'"};
}

/// Size and time of the last change of a file, as text; empty when it is not there.
std::string file_stamp(const fs::path& file) {
    struct stat info{};
    if (::stat(file.c_str(), &info) != 0) return {};
    return std::to_string(info.st_size) + "@" + std::to_string(info.st_mtim.tv_sec) + "." +
           std::to_string(info.st_mtim.tv_nsec);
}

std::string facts_json(const Kernel& kernel) {
    return Json{{"format", kFormat},
                {"id", kernel.id},
                {"arch", model::to_string(kernel.arch)},
                {"release", kernel.release},
                {"package", kernel.package},
                {"version", kernel.version},
                {"source", kernel.source},
                {"image", kernel.image.filename().string()},
                {"sha256", kernel.sha256},
                {"stamp", file_stamp(kernel.image)}}
               .dump(2) +
           "\n";
}

Error damaged(const fs::path& entry, const std::string& why) {
    return Error{.code = ErrorCode::corrupt_data,
                 .message = "the stored kernel in '" + entry.string() + "' is damaged: " + why,
                 .hint = "remove it with 'gadget kernel remove' and fetch it again"};
}

/// Reads an entry without looking into its image. `stamp` is what file_stamp() of it was when its digest was
/// taken.
Result<Kernel> read_entry(const fs::path& entry, std::string* stamp = nullptr) {
    auto text = read_text_file(entry / kFactsFile);
    if (!text) {
        if (text.error().code != ErrorCode::not_found) return std::move(text).error();
        return Error{.code = ErrorCode::not_found,
                     .message = "kernel '" + entry.filename().string() + "' is not in the store"};
    }
    const auto json = Json::parse(*text, nullptr, false);
    if (!json.is_object() || json.value("format", Json(0)) != Json(kFormat))
        return damaged(entry, "unknown format");
    const auto field = [&json](const char* name) {
        const auto found = json.find(name);
        return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto arch = model::parse_arch(field("arch"));
    const auto image = field("image");
    if (!arch || image.empty() || image.find('/') != std::string::npos)
        return damaged(entry, "missing facts");
    Kernel kernel{.id = field("id"),
                  .arch = *arch,
                  .release = field("release"),
                  .package = field("package"),
                  .version = field("version"),
                  .source = field("source"),
                  .sha256 = field("sha256"),
                  .image = entry / image};
    if (stamp != nullptr) *stamp = field("stamp");
    std::error_code ignored;
    if (fs::exists(entry / "modules", ignored)) kernel.modules = entry / "modules";
    if (fs::exists(entry / "btf", ignored)) kernel.btf = entry / "btf";
    return kernel;
}

/// Lays the files of an entry out in `folder`.
Result<void> write_entry(const fs::path& folder, Kernel& kernel, const KernelParts& parts) {
    GADGET_TRY_ASSIGN(const Bytes image, bootable_image(parts.image, kernel.arch));
    kernel.image = folder / (kernel.arch == model::Arch::amd64 ? "vmlinux" : "Image");
    kernel.sha256 = sha256_hex(image);
    GADGET_TRY(write_file_atomic(kernel.image, image));
    if (const auto btf = find_btf(image); !btf.empty()) GADGET_TRY(write_file_atomic(folder / "btf", btf));
    if (!parts.modules.empty()) GADGET_TRY(gadget::create_directories(folder / "modules"));
    for (const auto& [name, content] : parts.modules)
        GADGET_TRY(write_file_atomic(folder / "modules" / name, content));
    return write_file_atomic(folder / kFactsFile, facts_json(kernel));
}

/// Puts an entry in its place, whole, in the place of an older one.
Result<void> install(const fs::path& root, const fs::path& entry, Kernel kernel, const KernelParts& parts) {
    GADGET_TRY_ASSIGN(const TempDir temporary, TempDir::create(".new-", root));
    const auto folder = temporary.path() / "entry";
    GADGET_TRY(gadget::create_directories(folder));
    GADGET_TRY(write_entry(folder, kernel, parts));
    GADGET_TRY(gadget::create_directories(entry.parent_path()));
    std::error_code error;
    if (fs::exists(entry, error)) fs::rename(entry, temporary.path() / "old", error);
    fs::rename(folder, entry, error);
    if (error) return errno_error(error.value(), "cannot store the kernel in '" + entry.string() + "'");
    return {};
}

bool looks_like_package(std::span<const std::byte> content) {
    return as_text(content).starts_with("!<arch>\n");
}

}  // namespace

/// Holds a lock file until it goes; another process waits for it.
class KernelStore::Lock {
  public:
    static Result<Lock> take(const fs::path& file, const CancelToken& cancel) {
        UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
        if (!fd) return errno_error(errno, "cannot open the lock file " + file.string());
        while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK && errno != EINTR)
                return errno_error(errno, "cannot lock " + file.string());
            pollfd entry{cancel.fd, POLLIN, 0};
            constexpr int kRetryMs = 100;
            if (::poll(&entry, 1, kRetryMs) > 0)
                return cancelled_error("waiting for another process that fetches the kernel");
        }
        return Lock(std::move(fd));
    }

  private:
    explicit Lock(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

KernelStore::KernelStore(const fs::path& cache) : root_(cache / "kernels") {}

fs::path KernelStore::entry(const std::string& id, model::Arch arch) const {
    return fs::absolute(root_) / std::string(model::to_string(arch)) / id;
}

Result<Kernel> KernelStore::put(const std::string& id, model::Arch arch, const KernelParts& parts,
                                const std::string& source) {
    const Kernel kernel{.id = id,
                        .arch = arch,
                        .release = parts.release,
                        .package = parts.package,
                        .version = parts.version,
                        .source = source};
    GADGET_TRY(install(root_, entry(id, arch), kernel, parts));
    return find(id, arch);
}

Result<KernelStore::Lock> KernelStore::lock_entry(const std::string& id, model::Arch arch,
                                                  const CancelToken& cancel) const {
    GADGET_TRY(gadget::create_directories(root_));
    return Lock::take(root_ / (std::string(model::to_string(arch)) + "-" + id + ".lock"), cancel);
}

Result<std::vector<Kernel>> KernelStore::list() const {
    std::vector<Kernel> kernels;
    for (const auto arch : model::kAllArchs) {
        std::error_code error;
        for (const auto& folder :
             fs::directory_iterator(fs::absolute(root_) / std::string(model::to_string(arch)), error)) {
            auto kernel = read_entry(folder.path());
            if (kernel) kernels.push_back(std::move(*kernel));
        }
    }
    std::sort(kernels.begin(), kernels.end(), [](const Kernel& a, const Kernel& b) {
        return a.arch != b.arch ? a.arch < b.arch : version_less(a.id, b.id);
    });
    return kernels;
}

Result<Kernel> KernelStore::find(const std::string& id, model::Arch arch) const {
    GADGET_TRY(check_id(id));
    std::string stamp;
    GADGET_TRY_ASSIGN(Kernel kernel, read_entry(entry(id, arch), &stamp));
    if (!stamp.empty() && stamp == file_stamp(kernel.image))
        return kernel;  // not touched since it was digested
    GADGET_TRY_ASSIGN(const Bytes image, read_file(kernel.image));
    if (sha256_hex(image) != kernel.sha256)
        return damaged(entry(id, arch), "its image does not have the recorded digest");
    return kernel;
}

Result<Kernel> KernelStore::fetch(const std::string& id, model::Arch arch, Progress& progress,
                                  const CancelToken& cancel) {
    const auto usable = [](const Result<Kernel>& kernel) {
        // A damaged entry is fetched again, a kernel that was added by hand cannot be.
        return kernel || (kernel.error().code != ErrorCode::not_found &&
                          kernel.error().code != ErrorCode::corrupt_data);
    };
    if (auto stored = find(id, arch); usable(stored)) return stored;
    GADGET_TRY_ASSIGN(const Lock lock, lock_entry(id, arch, cancel));
    if (auto stored = find(id, arch); usable(stored)) return stored;  // another process was faster
    GADGET_TRY_ASSIGN(const TempDir work, TempDir::create(".fetch-", root_));
    GADGET_TRY_ASSIGN(const KernelParts parts, download_kernel(id, arch, work.path(), progress, cancel));
    return put(id, arch, parts, "distribution");
}

Result<Kernel> KernelStore::add(const std::string& id, model::Arch arch, const fs::path& file,
                                const CancelToken& cancel) {
    GADGET_TRY(check_id(id));
    GADGET_TRY_ASSIGN(Bytes content, read_file(file));
    KernelParts parts;
    std::string source = "file:";
    if (looks_like_package(content)) {
        source = "package:";
        GADGET_TRY(unpack_kernel_package(file, parts, cancel));
        parts.package = file.filename().string();
        if (parts.image.empty()) {
            return Error{.code = ErrorCode::not_found,
                         .message = "the package '" + file.string() + "' contains no kernel image"};
        }
    } else {
        parts.image = std::move(content);
    }
    GADGET_TRY_ASSIGN(const Lock lock, lock_entry(id, arch, cancel));
    return put(id, arch, parts, source + fs::absolute(file).string())
        .context("while adding '" + file.string() + "'");
}

Result<Kernel> KernelStore::add_layers(const std::string& id, model::Arch arch, const KernelLayers& layers,
                                       const std::string& source, const CancelToken& cancel) {
    GADGET_TRY(check_id(id));
    KernelParts parts;
    for (std::size_t i = 0; i < layers.count; ++i) {
        GADGET_TRY_ASSIGN(const Bytes layer, layers.read(i));
        GADGET_TRY(unpack_kernel_layer(layer, parts));
    }
    if (parts.image.empty()) {
        return Error{.code = ErrorCode::not_found,
                     .message = "the image '" + source + "' contains no kernel",
                     .hint = "a kernel is a file boot/vmlinuz-RELEASE or lib/modules/RELEASE/vmlinuz"};
    }
    GADGET_TRY_ASSIGN(const Lock lock, lock_entry(id, arch, cancel));
    return put(id, arch, parts, source).context("while adding '" + source + "'");
}

Result<void> KernelStore::remove(const std::string& id, model::Arch arch) {
    GADGET_TRY(check_id(id));
    const auto folder = entry(id, arch);
    std::error_code error;
    if (!fs::exists(folder, error)) {
        return Error{.code = ErrorCode::not_found,
                     .message = "kernel '" + id + "' for " + std::string(model::to_string(arch)) +
                                " is not in the store"};
    }
    GADGET_TRY_ASSIGN(const Lock lock, lock_entry(id, arch, CancelToken{}));
    fs::remove_all(folder, error);
    if (error) return errno_error(error.value(), "cannot remove '" + folder.string() + "'");
    return {};
}

}  // namespace gadget::testkit
