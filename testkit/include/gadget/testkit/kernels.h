// SPDX-License-Identifier: Apache-2.0
// Kernels for test machines: where they come from, and the cache that holds them.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/kernel_facts.h"
#include "gadget/model/platform.h"
#include "gadget/support/cancel.h"
#include "gadget/support/files.h"
#include "gadget/support/progress.h"
#include "gadget/support/result.h"

namespace gadget::testkit {

/// Which kernel to test on: "host" or the id of a kernel of the store, and the architecture.
struct KernelSelector {
    std::string id;
    model::Arch arch = model::Arch::amd64;

    [[nodiscard]] bool is_host() const { return id == "host"; }
    [[nodiscard]] std::string to_string() const;  ///< "6.12/arm64"
    friend bool operator==(const KernelSelector&, const KernelSelector&) = default;
};

/// The product of "--kernel host,6.1,6.12" and "--arch amd64,arm64", in that order and without repetitions.
/// "host" counts only for the architecture of this machine. `invalid_argument` for an empty list, an unknown
/// architecture, or a name that is neither "host", nor `MAJOR.MINOR`, nor made of letters, digits, '.', '_',
/// '+' and '-'.
Result<std::vector<KernelSelector>> parse_kernel_selectors(std::string_view kernels, std::string_view archs);

/// A kernel in the store. The paths are absolute and stay valid until the kernel is removed.
struct Kernel {
    std::string id;  ///< "6.12", or the name that it was added under
    model::Arch arch = model::Arch::amd64;
    std::string release;  ///< as uname -r, e.g. "6.12.117+deb12-cloud-amd64"; empty when unknown
    std::string package;  ///< the package it was taken from; empty for an added file
    std::string version;  ///< version of that package
    std::string source;   ///< "distribution", "file:PATH", "package:PATH", "oci:IMAGE@DIGEST"; empty: unknown
    std::string sha256;   ///< of `image`, hexadecimal
    std::filesystem::path image;    ///< amd64: the uncompressed ELF "vmlinux"; arm64: the raw Image
    std::filesystem::path modules;  ///< folder of *.ko, flat; may be empty
    std::filesystem::path btf;      ///< raw BTF of the kernel; empty path when the image has none
};

/// The ids that fetch() knows, oldest first: "5.10", "6.1", "6.12", ...
[[nodiscard]] std::vector<std::string> known_kernel_ids();

/// The layers of a container image, lowest first: tars, plain or packed with gzip or zstd. They are read one
/// at a time, since they are large.
struct KernelLayers {
    std::size_t count = 0;
    std::function<Result<Bytes>(std::size_t index)> read;  ///< checked against its digest
};

struct KernelParts;

/// Kernels in a cache folder. Every method may be called by several processes at once: an entry appears whole
/// or not at all, and only one process fetches the same kernel.
class KernelStore {
  public:
    /// `cache` is created when something is stored in it.
    explicit KernelStore(const std::filesystem::path& cache);

    /// What is stored, sorted by architecture and id. Damaged entries are left out.
    [[nodiscard]] Result<std::vector<Kernel>> list() const;

    /// The stored kernel; `not_found` when it was never fetched, `corrupt_data` when its image no longer has
    /// the digest that was recorded.
    [[nodiscard]] Result<Kernel> find(const std::string& id, model::Arch arch) const;

    /// find(), or the newest distribution package of that kernel series, downloaded with the package manager
    /// from the mirrors this system is configured for, verified by it, unpacked, and stored. `unsupported`
    /// with a Requirement when the mirror cannot be reached or the package tools are missing; `not_found` for
    /// an id that is not known; `cancelled`, `timed_out`.
    [[nodiscard]] Result<Kernel> fetch(const std::string& id, model::Arch arch, Progress& progress,
                                       const CancelToken& cancel);

    /// Stores the image file (bzImage, vmlinux, Image) or kernel package (.deb) at `file` under `id`,
    /// replacing what was there.
    [[nodiscard]] Result<Kernel> add(const std::string& id, model::Arch arch,
                                     const std::filesystem::path& file, const CancelToken& cancel);

    /// Stores the kernel in the layers of a container image under `id`. `source` is what Kernel::source
    /// becomes. `not_found` when there is no kernel in them, `corrupt_data`.
    [[nodiscard]] Result<Kernel> add_layers(const std::string& id, model::Arch arch,
                                            const KernelLayers& layers, const std::string& source,
                                            const CancelToken& cancel);

    /// `not_found` when it is not stored.
    [[nodiscard]] Result<void> remove(const std::string& id, model::Arch arch);

  private:
    class Lock;
    [[nodiscard]] Result<Lock> lock_entry(const std::string& id, model::Arch arch,
                                          const CancelToken& cancel) const;
    /// Under the lock.
    [[nodiscard]] Result<Kernel> put(const std::string& id, model::Arch arch, const KernelParts& parts,
                                     const std::string& source);
    [[nodiscard]] std::filesystem::path entry(const std::string& id, model::Arch arch) const;
    std::filesystem::path root_;
};

/// A kernel to test on, as data: what `gadget kernel list -o json` prints.
struct KernelSpec {
    std::string id;
    model::Arch arch = model::Arch::amd64;
    std::string source;     ///< "host", or as Kernel::source
    std::string digest{};   ///< "sha256:..." of the image in the store; empty when it is not there
    std::string release{};  ///< uname -r, when it is there and known
    bool required = false;  ///< a gadget has to pass there; others tell what is to come
    std::map<std::string, std::string> expect{};  ///< known_lacks()
};

/// The host, every kernel that can be fetched, for both architectures, and those of the store.
[[nodiscard]] std::vector<KernelSpec> kernel_specs(std::span<const Kernel> stored);

/// The features (words of `requires`) that a kernel is known to lack, and why: a scenario that is skipped
/// there for one of them passes as expected. Every probe that says otherwise is a failure of GadgetKit's own
/// tests.
[[nodiscard]] std::map<std::string, std::string> known_lacks(const KernelSelector& kernel);

/// The BTF inside a kernel image (bzImage, vmlinux or Image), as the kernel shows it in
/// /sys/kernel/btf/vmlinux. `not_found` when there is none, `corrupt_data` when the image cannot be unpacked.
Result<Bytes> extract_btf(std::span<const std::byte> image);

// What is known about a kernel without running it, for the validator. Symbols and tracepoints are worked out
// once and kept in `cache`, by the digest of the image; what is used least goes when there are more than 64
// of them.

/// Of a kernel of the store. A kernel whose image tells no symbols has none in its facts.
Result<model::KernelFacts> kernel_facts(const Kernel& kernel, const std::filesystem::path& cache);

/// Of a file: raw BTF, a kernel image (bzImage, vmlinux, Image) or a kernel package (.deb). Raw BTF does not
/// say for which architecture it is: `arch` is taken. `corrupt_data` for other files.
Result<model::KernelFacts> kernel_facts_of_file(const std::filesystem::path& file, model::Arch arch,
                                                const std::filesystem::path& cache,
                                                const CancelToken& cancel);

/// Of the kernel that runs here, from /sys/kernel/btf, /proc/kallsyms and tracefs, as far as this user may
/// read them.
Result<model::KernelFacts> host_kernel_facts();

}  // namespace gadget::testkit
