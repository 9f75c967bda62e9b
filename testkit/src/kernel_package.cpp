// SPDX-License-Identifier: Apache-2.0
#include "kernel_package.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <span>

#include "apt_config.h"
#include "child.h"
#include "gadget/support/text.h"
#include "gadget/testkit/kernels.h"
#include "module_order.h"

namespace gadget::testkit {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kUpdateTimeout{3};
constexpr std::chrono::minutes kDownloadTimeout{15};
constexpr std::chrono::minutes kUnpackTimeout{5};

struct Suite {
    Archive archive;
    std::string_view name;
};

struct Series {
    std::string_view id;
    std::span<const Suite> suites;  ///< tried in this order
};

constexpr std::array kBullseye{Suite{Archive::security, "bullseye-security"},
                               Suite{Archive::main, "bullseye"}};
constexpr std::array kBookworm{Suite{Archive::security, "bookworm-security"},
                               Suite{Archive::main, "bookworm"}};
constexpr std::array kNewest{Suite{Archive::main, "trixie-backports"}, Suite{Archive::main, "sid"}};

constexpr std::array kSeries{
    Series{"5.10", kBullseye}, Series{"6.1", kBookworm}, Series{"6.12", kBookworm},
    Series{"7.2", kNewest},    Series{"7.3", kNewest},
};

/// From this major version on, the image stands in linux-binary-* and the modules in linux-modules-*.
constexpr int kSplitPackages = 7;

bool is_split(std::string_view id) {
    return !id.empty() && id[0] - '0' >= kSplitPackages;
}

/// The system's package manager with a configuration, lists and cache of our own.
class Apt {
  public:
    Apt(fs::path folder, model::Arch arch, const CancelToken& cancel)
        : folder_(std::move(folder)), arch_(model::to_string(arch)), cancel_(cancel) {}

    Result<void> update(const std::string& source) {
        for (const auto* name : {"lists/partial", "cache/archives/partial", "debs"}) {
            GADGET_TRY(gadget::create_directories(folder_ / name));
        }
        GADGET_TRY(write_file_atomic(folder_ / "sources.list", source));
        GADGET_TRY(write_file_atomic(folder_ / "status", std::string_view{}));
        const auto end = run({"apt-get", "--error-on=any", "update"}, kUpdateTimeout, nullptr);
        if (!end) return end.error();
        if (!end->status.success()) return no_network(end->errors);
        return {};
    }

    Result<std::vector<std::string>> names(const std::string& prefix) {
        std::string text;
        GADGET_TRY_ASSIGN(const auto end, run({"apt-cache", "pkgnames", prefix}, kUpdateTimeout, &text));
        if (!end.status.success()) return failed("apt-cache pkgnames", end.errors);
        std::vector<std::string> names;
        for (const auto line : split(text, '\n')) {
            if (!line.empty()) names.emplace_back(line);
        }
        return names;
    }

    /// Puts the newest version of `package` into debs/; returns the file, or an empty path when the mirror
    /// lacks it.
    Result<fs::path> download(const std::string& package) {
        std::error_code ignored;
        fs::remove_all(folder_ / "debs", ignored);
        GADGET_TRY(gadget::create_directories(folder_ / "debs"));
        GADGET_TRY_ASSIGN(const auto end, run({"apt-get", "download", package}, kDownloadTimeout, nullptr));
        if (!end.status.success()) {
            last_failure_ = no_network(end.errors);
            return fs::path();
        }
        for (const auto& entry : fs::directory_iterator(folder_ / "debs", ignored)) return entry.path();
        return failed("apt-get download " + package, "no file was written");
    }

    [[nodiscard]] const Error& last_failure() const { return last_failure_; }

  private:
    Result<ChildEnd> run(std::vector<std::string> command, std::chrono::milliseconds timeout,
                         std::string* output) {
        const auto path = [this](const char* name) { return (folder_ / name).string(); };
        const std::array options{
            "Dir::Etc::sourcelist=" + path("sources.list"), std::string("Dir::Etc::sourceparts=/dev/null"),
            "Dir::State::lists=" + path("lists"), "Dir::State::status=" + path("status"),
            "Dir::Cache=" + path("cache"), "APT::Architecture=" + arch_, "APT::Architectures=" + arch_,
            std::string("APT::Sandbox::User=root"), std::string("Acquire::Languages=none"),
            std::string("Acquire::Retries=2"), std::string("Acquire::http::Timeout=30"),
            std::string("Acquire::https::Timeout=30"),
            // The system's own actions after an update are not for private lists.
            std::string("APT::Update::Post-Invoke-Success="), std::string("APT::Update::Post-Invoke=")};
        std::vector<std::string> argv{command[0], "-q"};
        if (command[0] == "apt-cache") argv.pop_back();
        for (const auto& option : options) argv.insert(argv.end(), {"-o", option});
        argv.insert(argv.end(), command.begin() + 1, command.end());
        ChildRun child{.argv = std::move(argv),
                       .working_directory = folder_ / "debs",
                       .extra_environment = {"LC_ALL=C.UTF-8"},
                       .timeout = timeout};
        if (output != nullptr) {
            child.output = [output](std::string_view bytes) -> Result<void> {
                if (output->size() > kMaxTextFile)
                    return Error{.code = ErrorCode::io, .message = "too much output"};
                output->append(bytes);
                return {};
            };
        }
        auto end = run_child(child, cancel_);
        if (!end && end.error().code == ErrorCode::not_found) {
            return Error{
                .code = ErrorCode::unsupported,
                .message = "'" + command[0] +
                           "' is not installed: kernels are fetched with the package manager of Debian",
                .hint = "give the kernel as a file with 'gadget kernel add'",
                .requirement = Requirement{command[0], ""}};
        }
        return end;
    }

    static std::string reason(const std::string& errors) {
        for (const auto line : split(errors, '\n')) {
            if (line.starts_with("E: ") || line.starts_with("W: ")) return printable(line.substr(3));
        }
        return printable(trim(errors));
    }

    static Error failed(const std::string& what, const std::string& errors) {
        return Error{.code = ErrorCode::io, .message = what + " failed: " + reason(errors)};
    }

    static Error no_network(const std::string& errors) {
        return Error{
            .code = ErrorCode::unsupported,
            .message = "the package mirror did not give the kernel: " + reason(errors),
            .hint =
                "connect to the network once, fetched kernels are kept; or 'gadget kernel add' a kernel file",
            .requirement = Requirement{"network access to the package mirror", ""}};
    }

    fs::path folder_;
    std::string arch_;
    const CancelToken& cancel_;
    Error last_failure_{};
};

/// "virtio_pci.ko" of "usr/lib/modules/V/kernel/drivers/virtio/virtio_pci.ko" when it is one that we keep.
std::string wanted_module(const std::string& name) {
    if (!name.ends_with(".ko")) return {};
    auto file = name.substr(name.rfind('/') + 1);
    std::replace(file.begin(), file.end(), '-', '_');
    const auto stem = std::string_view(file).substr(0, file.size() - 3);
    const auto wanted = gadget_modules();
    return std::find(wanted.begin(), wanted.end(), stem) == wanted.end() ? std::string() : file;
}

/// The release in "boot/vmlinuz-RELEASE" or "usr/lib/modules/RELEASE/vmlinuz", which may stand below other
/// folders; empty for other names.
std::string image_release(const std::string& name) {
    constexpr std::string_view kBoot = "boot/vmlinuz-";
    constexpr std::string_view kEnd = "/vmlinuz";
    const auto boot = name.rfind(kBoot);
    if (boot != std::string::npos && (boot == 0 || name[boot - 1] == '/') &&
        name.find('/', boot + kBoot.size()) == std::string::npos)
        return name.substr(boot + kBoot.size());
    const auto start = name.find("lib/modules/");
    if (start == std::string::npos || !name.ends_with(kEnd)) return {};
    return name.substr(start + 12, name.size() - kEnd.size() - start - 12);
}

std::string package_version(const fs::path& deb) {
    // NAME_VERSION_ARCH.deb, with an epoch's colon as %3a
    const auto name = deb.filename().string();
    const auto words = split(name, '_');
    return words.size() == 3 ? std::string(words[1]) : std::string();
}

/// Downloads and unpacks one candidate; an empty image when the mirror does not have its files.
Result<KernelParts> take_candidate(Apt& apt, const std::string& package, const std::string& id,
                                   Progress& progress, const CancelToken& cancel) {
    KernelParts parts;
    std::vector<std::string> packages{package};
    constexpr std::string_view kBinary = "linux-binary-";
    if (is_split(id)) packages.push_back("linux-modules-" + package.substr(kBinary.size()));
    for (const auto& name : packages) {
        progress.step("fetching " + name);
        GADGET_TRY_ASSIGN(const fs::path deb, apt.download(name));
        if (deb.empty()) return KernelParts{};
        progress.step("unpacking " + name);
        GADGET_TRY(unpack_kernel_package(deb, parts, cancel));
        if (name == package) parts.version = package_version(deb);
    }
    parts.package = package;
    return parts;
}

Error unknown_kernel(const std::string& id) {
    const auto known = known_kernel_ids();
    auto hint = did_you_mean(id, known);
    if (hint.empty())
        hint =
            "known: " + join_words(known, "and") + "; or 'gadget kernel add' a kernel file under this name";
    return Error{.code = ErrorCode::not_found,
                 .message = "no kernel '" + id + "' in the store, and no source for it",
                 .hint = hint};
}

std::span<const Suite> suites_of(const std::string& id) {
    for (const auto& series : kSeries) {
        if (series.id == id) return series.suites;
    }
    return {};
}

}  // namespace

std::vector<std::string> known_kernel_ids() {
    std::vector<std::string> ids;
    for (const auto& series : kSeries) ids.emplace_back(series.id);
    return ids;
}

bool version_less(std::string_view a, std::string_view b) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
        if (!digit(a[i]) || !digit(b[j])) {
            if (a[i] != b[j]) return a[i] < b[j];
            ++i, ++j;
            continue;
        }
        const auto number = [&digit](std::string_view text, std::size_t& at) {
            while (at < text.size() && text[at] == '0') ++at;
            const auto start = at;
            while (at < text.size() && digit(text[at])) ++at;
            return text.substr(start, at - start);
        };
        const auto left = number(a, i);
        const auto right = number(b, j);
        if (left.size() != right.size()) return left.size() < right.size();
        if (left != right) return left < right;
    }
    return a.size() - i < b.size() - j;
}

std::vector<std::string> kernel_candidates(const std::vector<std::string>& names, const std::string& id,
                                           model::Arch arch) {
    const std::string prefix = (is_split(id) ? "linux-binary-" : "linux-image-") + id + ".";
    const std::string suffix = "-cloud-" + std::string(model::to_string(arch));
    const std::string unsigned_suffix = suffix + "-unsigned";
    std::vector<std::string> found;
    for (const auto& name : names) {
        if (name.starts_with(prefix) && (name.ends_with(suffix) || name.ends_with(unsigned_suffix)))
            found.push_back(name);
    }
    std::sort(found.begin(), found.end(), [&](const std::string& a, const std::string& b) {
        const auto version = [&](const std::string& name) { return name.substr(0, name.rfind(suffix)); };
        if (version(a) != version(b)) return version_less(version(b), version(a));
        return a.size() < b.size();
    });
    return found;
}

TarReader kernel_tar_reader(KernelParts& parts) {
    return {
        [](const std::string& name) { return !wanted_module(name).empty() || !image_release(name).empty(); },
        [&parts](const std::string& name, Bytes content) -> Result<void> {
            if (auto module = wanted_module(name); !module.empty()) {
                parts.modules.emplace_back(std::move(module), std::move(content));
            } else {
                parts.release = image_release(name);
                parts.image = std::move(content);
            }
            return {};
        }};
}

Result<void> unpack_kernel_package(const fs::path& deb, KernelParts& parts, const CancelToken& cancel) {
    TarReader reader = kernel_tar_reader(parts);
    const ChildRun run{.argv = {"dpkg-deb", "--fsys-tarfile", fs::absolute(deb).string()},
                       .timeout = kUnpackTimeout,
                       .output = [&reader](std::string_view bytes) { return reader.push(bytes); }};
    auto end = run_child(run, cancel);
    if (!end && end.error().code == ErrorCode::not_found) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "'dpkg-deb' is not installed: it unpacks kernel packages",
                     .hint = "install the package 'dpkg'",
                     .requirement = Requirement{"dpkg-deb", ""}};
    }
    if (!end) return std::move(end).error();
    if (!end->status.success()) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "'" + deb.filename().string() +
                                "' cannot be unpacked: " + printable(trim(end->errors))};
    }
    return reader.finish();
}

Result<KernelParts> download_kernel(const std::string& id, model::Arch arch, const fs::path& work,
                                    Progress& progress, const CancelToken& cancel) {
    const auto suites = suites_of(id);
    if (suites.empty()) return unknown_kernel(id);
    GADGET_TRY_ASSIGN(const auto sources, read_apt_sources("/etc/apt"));
    constexpr std::size_t kMaxTries = 4;  // indexes may name versions that the pool no longer has
    std::optional<Error> failure;
    for (const auto& suite : suites) {
        GADGET_TRY_ASSIGN(const std::string source, source_line(sources, suite.archive, suite.name));
        Apt apt(work / std::string(suite.name), arch, cancel);
        progress.step("reading the package list of " + std::string(suite.name) + " (" +
                      std::string(model::to_string(arch)) + ")");
        GADGET_TRY(apt.update(source));
        GADGET_TRY_ASSIGN(const auto names, apt.names(is_split(id) ? "linux-binary-" : "linux-image-"));
        const auto candidates = kernel_candidates(names, id, arch);
        for (std::size_t i = 0; i < candidates.size() && i < kMaxTries; ++i) {
            GADGET_TRY_ASSIGN(KernelParts parts, take_candidate(apt, candidates[i], id, progress, cancel));
            if (!parts.image.empty()) return parts;
            failure = apt.last_failure();
        }
    }
    if (failure) return *failure;
    return Error{.code = ErrorCode::not_found,
                 .message = "no package of kernel " + id + " for " + std::string(model::to_string(arch)) +
                            " on the mirror"};
}

}  // namespace gadget::testkit
