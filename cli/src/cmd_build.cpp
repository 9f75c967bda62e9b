// SPDX-License-Identifier: Apache-2.0
// gadget build: compile for each architecture, validate, pack, store. Nothing is written before everything
// succeeded.
#include <nlohmann/json.hpp>

#include "attest.h"
#include "btfgen.h"
#include "commands.h"
#include "compile_folder.h"
#include "exit_status.h"
#include "findings_output.h"
#include "gadget/packager.h"
#include "gadget/support/text.h"
#include "image_names.h"
#include "places.h"
#include "version.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

/// Time of the image: SOURCE_DATE_EPOCH, else a fixed one, so that the same input gives the same digest.
Result<std::string> creation_time() {
    const std::string epoch = environment_variable("SOURCE_DATE_EPOCH");
    if (epoch.empty()) return packager::created_from_epoch(0);
    GADGET_TRY_ASSIGN(const auto seconds, packager::parse_source_date_epoch(epoch));
    return packager::created_from_epoch(seconds);
}

Result<packager::Image> pack(const CompiledGadget& gadget, const std::vector<model::Arch>& archs,
                             const fs::path& btf_folder) {
    packager::PackRequest request{
        .manifest = gadget.folder.manifest, .objects = {}, .builder_version = kBuilderVersion, .created = {}};
    GADGET_TRY_ASSIGN(request.created, creation_time());
    for (const auto& object : gadget.objects) {
        packager::ArchObject one{.arch = object.arch, .ebpf = object.object};
        if (!btf_folder.empty()) {
            GADGET_TRY_ASSIGN(auto layer, make_btfgen_layer(btf_folder, object.arch, object.object));
            if (!layer.empty()) one.btfgen = std::move(layer);
        }
        request.objects.push_back(std::move(one));
    }
    if (gadget.objects.empty()) {
        for (const auto arch : archs) request.objects.push_back({.arch = arch});
    }
    return packager::pack(request);
}

/// One entry an architecture, so that language servers see what the compiler saw.
std::string compile_commands(const CompiledGadget& gadget) {
    nlohmann::ordered_json entries = nlohmann::ordered_json::array();
    const fs::path folder = fs::absolute(gadget.folder.path);
    for (const auto& object : gadget.objects) {
        const std::string arch_define =
            object.arch == model::Arch::amd64 ? "-D__TARGET_ARCH_x86" : "-D__TARGET_ARCH_arm64";
        std::vector<std::string> arguments{"clang", "-target", "bpf", "-Wall", "-g", "-O2", arch_define};
        for (const auto& define : gadget.folder.config.defines) arguments.push_back("-D" + define);
        for (const auto& dir : gadget.folder.config.include_dirs)
            arguments.push_back("-I" + (folder / dir).string());
        arguments.insert(arguments.end(), {"-c", gadget.folder.source->filename().string()});
        entries.push_back({{"directory", folder.string()},
                           {"file", gadget.folder.source->filename().string()},
                           {"arguments", arguments}});
    }
    return entries.dump(2) + "\n";
}

struct Built {
    CompiledGadget gadget;
    packager::Image image;
    std::vector<packager::Image> documents;  ///< that refer to the image
    std::string reference;
};

/// The image with its name, and what refers to it. Borrows `sources`, which it fills.
std::vector<packager::NamedImage> with_documents(const Built& built,
                                                 std::vector<packager::MemoryBlobs>& sources) {
    sources.reserve(1 + built.documents.size());
    std::vector<packager::NamedImage> images;
    sources.emplace_back(built.image);
    images.push_back({.blobs = &sources.back(), .root = built.image.root, .name = built.reference});
    for (const auto& document : built.documents) {
        sources.emplace_back(document);
        images.push_back({.blobs = &sources.back(), .root = document.root, .name = {}});
    }
    return images;
}

Result<void> write_artefacts(const Built& built, const BuildOptions& options) {
    const CompiledGadget& gadget = built.gadget;
    GADGET_TRY(gadget::create_directories(options.output_folder));
    for (const auto& object : gadget.objects) {
        GADGET_TRY(
            write_file_atomic(options.output_folder / (std::string(model::to_string(object.arch)) + ".bpf.o"),
                              std::span<const std::byte>(object.object)));
    }
    if (!gadget.objects.empty()) {
        GADGET_TRY(
            write_file_atomic(options.output_folder / "compile_commands.json", compile_commands(gadget)));
    }
    std::vector<packager::MemoryBlobs> sources;
    return packager::write_tar(with_documents(built, sources), options.output_folder / "image.oci.tar");
}

Result<std::string> normal_reference(const std::string& tag) {
    return tag.empty() ? Result<std::string>(std::string()) : full_name(tag);
}

Result<Built> build_image(const BuildOptions& options, const Context& context, DiagnosticList& findings) {
    Built built;
    GADGET_TRY_ASSIGN(built.reference, normal_reference(options.tag));
    GADGET_TRY_ASSIGN(auto folder, read_gadget_folder(options.path, options.config_file, findings));
    const std::vector<model::Arch> archs =
        options.archs.empty() ? std::vector<model::Arch>(model::kAllArchs.begin(), model::kAllArchs.end())
                              : options.archs;
    context.terminal.step("compiling " + options.path.string());
    const CompileRequest request{.archs = archs,
                                 .defines = options.defines,
                                 .include_dirs = options.include_dirs,
                                 .warnings = options.warnings,
                                 .validate = !options.no_validate};
    GADGET_TRY_ASSIGN(built.gadget, compile_folder(std::move(folder), request, context.cancel, findings));
    if (options.strict) findings.promote_warnings();
    if (findings.has_errors())
        return Error{.code = ErrorCode::rejected_input, .message = "the gadget has errors"};
    GADGET_TRY_ASSIGN(built.image, pack(built.gadget, archs, options.btf_folder));
    if (options.attest) {
        GADGET_TRY_ASSIGN(const std::string created, creation_time());
        GADGET_TRY_ASSIGN(built.documents, attest(built.gadget, options, built.image, created));
    }
    return built;
}

Result<void> keep(const Built& built, const BuildOptions& options) {
    if (!options.output_folder.empty()) GADGET_TRY(write_artefacts(built, options));
    GADGET_TRY_ASSIGN(const fs::path folder, store_folder());
    GADGET_TRY_ASSIGN(auto store, packager::Store::open(folder));
    std::vector<packager::MemoryBlobs> sources;
    return store.add(with_documents(built, sources));
}

}  // namespace

int build(const BuildOptions& options, const Context& context) {
    DiagnosticList findings;
    const auto built = build_image(options, context, findings);
    findings.sort();
    show_findings(findings, options.format, options.path.string(), context.terminal);
    if (!built) {
        // Findings have said why; only what they do not say needs words.
        const bool told = built.error().code == ErrorCode::rejected_input && findings.has_errors();
        if (!told) return context.terminal.fail(built.error());
        context.terminal.say("gadget: " + options.path.string() + ": " + findings_summary(findings) +
                             ", nothing was built");
        return kRejected;
    }
    if (const auto kept = keep(*built, options); !kept) return context.terminal.fail(kept.error());
    if (options.format == FindingsFormat::text) {
        const std::string name = built->reference.empty() ? "" : built->reference + " ";
        context.terminal.print(name + built->image.root.digest + "\n");
    }
    return context.terminal.output_status();
}

}  // namespace gadget::cli
