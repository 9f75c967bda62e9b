// SPDX-License-Identifier: Apache-2.0
#include "attest.h"

#include <bpf/libbpf_version.h>

#include <map>
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

Result<std::vector<Ingredient>> ingredients_of(const CompiledGadget& gadget, const BuildOptions& options) {
    const fs::path& folder = gadget.folder.path;
    std::vector<fs::path> files = gadget.inputs;
    if (gadget.folder.manifest) files.push_back(gadget.folder.metadata_path);
    std::error_code ignored;
    const fs::path config = options.config_file.empty() ? folder / "build.yaml" : options.config_file;
    if (fs::exists(config, ignored)) files.push_back(config);
    std::vector<Ingredient> sources;
    std::set<std::pair<std::string, std::string>> named;  // files from elsewhere may share a name
    for (const auto& file : files) {
        GADGET_TRY_ASSIGN(const auto content, read_file(file));
        const std::string digest = packager::sha256_digest(content);
        named.emplace(document_name(file, folder), digest.substr(digest.find(':') + 1));
    }
    for (const auto& [name, sha256] : named)
        sources.push_back({.name = name, .version = {}, .sha256 = sha256});
    return sources;
}

std::map<std::string, std::vector<std::string>> flags_of(const CompiledGadget& gadget,
                                                         const CompileRequest& request) {
    std::map<std::string, std::vector<std::string>> flags;
    for (const auto& object : gadget.objects) {
        flags[std::string(model::to_string(object.arch))] =
            compiler_arguments(settings_for(gadget.folder, request, object.arch), object.arch,
                               [&](const fs::path& dir) { return document_name(dir, gadget.folder.path); });
    }
    return flags;
}

/// The compiler that made the objects.
Result<Ingredient> compiler_of(const BuildOptions& options) {
    Ingredient clang{.name = "clang", .version = builder::compiler_version(), .sha256 = {}, .source = {}};
    if (options.clang.empty()) return clang;
    GADGET_TRY_ASSIGN(const auto external, builder::probe_clang(options.clang));
    clang.version = external.version;
    clang.source = "of the machine that built";
    return clang;
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

Result<std::vector<packager::Image>> attest(const CompiledGadget& gadget, const CompileRequest& request,
                                            const BuildOptions& options, const packager::Image& image,
                                            const std::string& created) {
    packager::BuildRecord record;
    record.name = gadget.folder.manifest ? gadget.folder.manifest->name : gadget.folder.name;
    record.license = license_of(gadget);
    record.created = created;
    record.tool_version = kVersion;
    record.flags = flags_of(gadget, request);
    GADGET_TRY_ASSIGN(record.sources, ingredients_of(gadget, options));
    record.headers = embedded_headers();
    GADGET_TRY_ASSIGN(auto clang, compiler_of(options));
    record.tools = {std::move(clang)};
    GADGET_TRY_ASSIGN(const std::string sbom, packager::sbom_document(image, record));
    GADGET_TRY_ASSIGN(const std::string provenance, packager::provenance_document(image, record));
    std::vector<packager::Image> documents;
    documents.push_back(packager::attach_document(image.root, packager::AttachmentKind::sbom, sbom, created));
    documents.push_back(
        packager::attach_document(image.root, packager::AttachmentKind::provenance, provenance, created));
    return documents;
}

}  // namespace gadget::cli
