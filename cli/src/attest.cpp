// SPDX-License-Identifier: Apache-2.0
#include "attest.h"

#include <bpf/libbpf_version.h>

#include <algorithm>
#include <set>

#include "gadget/builder.h"
#include "version.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;
using packager::Ingredient;

/// How documents name a file: below the gadget's folder by its path there, elsewhere without its folder,
/// which differs between machines.
std::string document_name(const fs::path& file, const fs::path& folder) {
    std::error_code error;
    const fs::path relative =
        fs::weakly_canonical(file, error).lexically_relative(fs::weakly_canonical(folder, error));
    if (!relative.empty() && *relative.begin() != "..") return relative.generic_string();
    return "outside/" + file.filename().string();
}

Result<std::vector<Ingredient>> sources_of(const CompiledGadget& gadget) {
    const fs::path& folder = gadget.folder.path;
    std::vector<fs::path> files = gadget.inputs;
    if (gadget.folder.manifest) files.push_back(gadget.folder.metadata_path);
    std::error_code ignored;
    if (fs::exists(folder / "build.yaml", ignored)) files.push_back(folder / "build.yaml");
    std::vector<Ingredient> sources;
    std::set<std::string> seen;
    for (const auto& file : files) {
        std::string name = document_name(file, folder);
        if (!seen.insert(name).second) continue;
        GADGET_TRY_ASSIGN(const auto content, read_file(file));
        const std::string digest = packager::sha256_digest(content);
        sources.push_back(
            {.name = std::move(name), .version = {}, .sha256 = digest.substr(digest.find(':') + 1)});
    }
    std::sort(sources.begin(), sources.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return sources;
}

std::vector<std::string> flags_of(const CompiledGadget& gadget, const BuildOptions& options) {
    std::vector<std::string> flags{"-target", "bpf", "-g", "-O2", "-Wall"};
    const auto add = [&](const char* flag, const std::vector<std::string>& values) {
        for (const auto& value : values) flags.push_back(flag + value);
    };
    const auto& config = gadget.folder.config;
    add("-D", config.defines);
    add("-D", options.defines);
    add("-W", config.warnings);
    add("-W", options.warnings);
    for (const auto& dir : config.include_dirs) flags.push_back("-I" + dir);
    for (const auto& dir : options.include_dirs)
        flags.push_back("-I" + document_name(dir, gadget.folder.path));
    return flags;
}

std::vector<Ingredient> embedded_headers() {
    std::vector<Ingredient> headers{
        {.name = "libbpf headers",
         .version = std::to_string(LIBBPF_MAJOR_VERSION) + "." + std::to_string(LIBBPF_MINOR_VERSION),
         .sha256 = {},
         .source = "headers of libbpf, embedded in the tool"}};
    headers.push_back({.name = "vmlinux.h (amd64)",
                       .version = GADGETKIT_VMLINUX_VERSION_amd64,
                       .sha256 = GADGETKIT_VMLINUX_SHA256_amd64,
                       .source = "BTF of package " GADGETKIT_VMLINUX_PACKAGE_amd64});
    headers.push_back({.name = "vmlinux.h (arm64)",
                       .version = GADGETKIT_VMLINUX_VERSION_arm64,
                       .sha256 = GADGETKIT_VMLINUX_SHA256_arm64,
                       .source = "BTF of package " GADGETKIT_VMLINUX_PACKAGE_arm64});
    return headers;
}

/// The license that all objects name, where SPDX has a name for it.
std::string license_of(const CompiledGadget& gadget) {
    if (gadget.objects.empty()) return {};
    const std::string& license = gadget.objects.front().facts.license;
    if (license == "GPL" || license == "GPL v2") return "GPL-2.0-only";
    if (license == "Dual MIT/GPL") return "MIT OR GPL-2.0-only";
    if (license == "Dual BSD/GPL") return "BSD-3-Clause OR GPL-2.0-only";
    return {};
}

}  // namespace

Result<std::vector<packager::Image>> attest(const CompiledGadget& gadget, const BuildOptions& options,
                                            const packager::Image& image, const std::string& created) {
    packager::BuildRecord record;
    record.name = gadget.folder.manifest ? gadget.folder.manifest->name : gadget.folder.name;
    record.license = license_of(gadget);
    record.created = created;
    record.tool_version = kVersion;
    record.flags = flags_of(gadget, options);
    GADGET_TRY_ASSIGN(record.sources, sources_of(gadget));
    record.headers = embedded_headers();
    record.tools = {{.name = "clang", .version = builder::compiler_version(), .sha256 = {}, .source = {}}};
    GADGET_TRY_ASSIGN(const std::string sbom, packager::sbom_document(image, record));
    GADGET_TRY_ASSIGN(const std::string provenance, packager::provenance_document(image, record));
    std::vector<packager::Image> documents;
    documents.push_back(packager::attach_document(image.root, packager::AttachmentKind::sbom, sbom, created));
    documents.push_back(
        packager::attach_document(image.root, packager::AttachmentKind::provenance, provenance, created));
    return documents;
}

}  // namespace gadget::cli
