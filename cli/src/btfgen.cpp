// SPDX-License-Identifier: Apache-2.0
#include "btfgen.h"

#include <algorithm>
#include <chrono>

#include "gadget/packager/btfgen.h"
#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"
#include "places.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxKernels = 20000;

Result<fs::path> find_bpftool() {
    // Distributions keep it where only root's PATH leads.
    if (const auto found = find_program("bpftool", environment_variable("PATH") + ":/usr/sbin:/sbin"))
        return *found;
    return Error{.code = ErrorCode::unsupported,
                 .message = "cutting down BTF needs the program 'bpftool', which is not in PATH",
                 .hint = "install the package bpftool"};
}

std::optional<model::Arch> arch_of_machine(const std::string& machine) {
    if (machine == "x86_64" || machine == "amd64") return model::Arch::amd64;
    if (machine == "aarch64" || machine == "arm64") return model::Arch::arm64;
    return std::nullopt;
}

struct KernelFile {
    packager::KernelName kernel;
    fs::path file;
};

Result<std::vector<KernelFile>> kernels_in(const fs::path& folder, model::Arch arch) {
    std::error_code error;
    std::vector<KernelFile> found;
    fs::recursive_directory_iterator files(folder, error);
    if (error) return errno_error(error.value(), "cannot read '" + folder.string() + "'");
    for (const auto& entry : files) {
        if (entry.path().extension() != ".btf" || !entry.is_regular_file(error)) continue;
        std::vector<std::string> parts;
        for (const auto& part : entry.path().lexically_relative(folder)) parts.push_back(part.string());
        const auto machine = parts.size() == 4 ? arch_of_machine(parts[2]) : std::nullopt;
        if (!machine) {
            return Error{
                .code = ErrorCode::rejected_input,
                .message = "'" + entry.path().string() + "' does not stand where BTF of a kernel stands",
                .hint = "the tree is " + folder.string() + "/ID/VERSION_ID/MACHINE/KERNEL.btf"};
        }
        if (*machine != arch) continue;
        const std::string name = arch == model::Arch::amd64 ? "x86_64" : "aarch64";
        found.push_back({{parts[0], parts[1], name, entry.path().stem().string()}, entry.path()});
        if (found.size() > kMaxKernels)
            return Error{.code = ErrorCode::rejected_input,
                         .message = "'" + folder.string() + "' has too many files"};
    }
    return found;
}

Result<Bytes> cut_down(const fs::path& bpftool, const fs::path& btf, const fs::path& object,
                       const fs::path& out) {
    SpawnOptions spawn;
    spawn.argv = {bpftool.string(), "gen", "min_core_btf", btf.string(), out.string(), object.string()};
    GADGET_TRY_ASSIGN(const auto output, run_command(std::move(spawn), std::chrono::seconds(60)));
    if (!output.status.success()) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "bpftool cannot cut down '" + btf.string() +
                                "': " + printable(std::string(trim(output.err.substr(0, 500))))};
    }
    return read_file(out);
}

}  // namespace

Result<Bytes> make_btfgen_layer(const fs::path& folder, model::Arch arch, std::span<const std::byte> object) {
    GADGET_TRY_ASSIGN(const auto bpftool, find_bpftool());
    GADGET_TRY_ASSIGN(const auto kernels, kernels_in(folder, arch));
    if (kernels.empty()) return Bytes();
    GADGET_TRY_ASSIGN(const auto scratch, TempDir::create("gadget-btf"));
    const fs::path object_file = scratch.path() / "program.bpf.o";
    GADGET_TRY(write_file_atomic(object_file, object));
    std::map<packager::KernelName, Bytes> cut;
    for (const auto& [kernel, file] : kernels) {
        GADGET_TRY_ASSIGN(auto btf, cut_down(bpftool, file, object_file, scratch.path() / "out.btf"));
        cut.emplace(kernel, std::move(btf));
    }
    return packager::pack_btfgen(cut);
}

}  // namespace gadget::cli
