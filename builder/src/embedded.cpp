// SPDX-License-Identifier: Apache-2.0
#include "embedded.h"

#include <span>
#include <vector>

#include "gadget/support/files.h"
#include "virtual_paths.h"

// Defined by the assembler files that cmake/EmbedFiles.cmake writes.
#define GADGET_EMBEDDED(name)                              \
    extern "C" const std::byte gadgetkit_##name##_begin[]; \
    extern "C" const std::byte gadgetkit_##name##_end[]

GADGET_EMBEDDED(api);
GADGET_EMBEDDED(libbpf);
GADGET_EMBEDDED(clang);
GADGET_EMBEDDED(uapi);
GADGET_EMBEDDED(uapi_amd64);
GADGET_EMBEDDED(uapi_arm64);
GADGET_EMBEDDED(vmlinux_amd64);
GADGET_EMBEDDED(vmlinux_arm64);

namespace gadget::builder {
namespace {

struct Part {
    std::string virtual_dir;
    const std::byte* begin;
    const std::byte* end;
};

std::vector<Part> parts_for(model::Arch arch) {
    const bool amd64 = arch == model::Arch::amd64;
    return {
        {kApiDir, gadgetkit_api_begin, gadgetkit_api_end},
        {kLibbpfDir, gadgetkit_libbpf_begin, gadgetkit_libbpf_end},
        {std::string(kClangDir) + "/include", gadgetkit_clang_begin, gadgetkit_clang_end},
        amd64 ? Part{kVmlinuxDir, gadgetkit_vmlinux_amd64_begin, gadgetkit_vmlinux_amd64_end}
              : Part{kVmlinuxDir, gadgetkit_vmlinux_arm64_begin, gadgetkit_vmlinux_arm64_end},
        amd64 ? Part{kUapiArchDir, gadgetkit_uapi_amd64_begin, gadgetkit_uapi_amd64_end}
              : Part{kUapiArchDir, gadgetkit_uapi_arm64_begin, gadgetkit_uapi_arm64_end},
        {kUapiDir, gadgetkit_uapi_begin, gadgetkit_uapi_end},
    };
}

}  // namespace

bool mount_embedded_headers(model::Arch arch, FileStore& files) {
    for (const Part& part : parts_for(arch)) {
        auto archive = Archive::open(std::span(part.begin, part.end));
        if (!archive) return false;
        files.mount_archive(part.virtual_dir, std::move(*archive));
    }
    return true;
}

Result<void> write_embedded_headers(model::Arch arch, const std::filesystem::path& folder) {
    for (const Part& part : parts_for(arch)) {
        if (part.virtual_dir.starts_with(kClangDir)) continue;
        const auto archive = Archive::open(std::span(part.begin, part.end));
        if (!archive) return Error{ErrorCode::internal, "the headers in this executable are damaged"};
        const auto root = folder / std::filesystem::path(part.virtual_dir).filename();
        for (const Archive::Entry& entry : archive->entries()) {
            GADGET_TRY(gadget::create_directories((root / entry.path).parent_path()));
            GADGET_TRY(write_file_atomic(root / entry.path, archive->text(entry)));
        }
    }
    return {};
}

}  // namespace gadget::builder
