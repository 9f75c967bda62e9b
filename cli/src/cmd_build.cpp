// SPDX-License-Identifier: Apache-2.0
// gadget build: compile for each architecture, validate, pack, store. Nothing is written before everything
// succeeded.
#include "artefacts.h"
#include "attest.h"
#include "btfgen.h"
#include "commands.h"
#include "compile_folder.h"
#include "exit_status.h"
#include "findings_output.h"
#include "gadget/builder.h"
#include "gadget/packager.h"
#include "gadget/support/text.h"
#include "image_names.h"
#include "places.h"
#include "version.h"
#include "watch.h"

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

struct Built {
    CompileRequest request;
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

Result<std::string> normal_reference(const std::string& tag) {
    return tag.empty() ? Result<std::string>(std::string()) : full_name(tag);
}

Result<Built> build_image(const BuildOptions& options, const Context& context, DiagnosticList& findings) {
    Built built;
    GADGET_TRY_ASSIGN(built.reference, normal_reference(options.tag));
    GADGET_TRY_ASSIGN(auto folder, read_gadget_folder(options.path, options.config_file, findings));
    GADGET_TRY(refuse_wasm(folder));
    const std::vector<model::Arch> archs =
        options.archs.empty() ? std::vector<model::Arch>(model::kAllArchs.begin(), model::kAllArchs.end())
                              : options.archs;
    context.terminal.step("compiling " + options.path.string());
    if (!options.clang.empty()) {
        GADGET_TRY_ASSIGN(const auto clang, builder::probe_clang(options.clang));
        context.terminal.say("compiling with " + clang.path.string() + " (clang " + clang.version + ")");
    }
    built.request = {.archs = archs,
                     .defines = options.defines,
                     .include_dirs = options.include_dirs,
                     .warnings = options.warnings,
                     .validate = !options.no_validate,
                     .update_metadata = options.update_metadata,
                     .clang = options.clang};
    if (options.compile_seconds > 0) built.request.time_limit = std::chrono::seconds(options.compile_seconds);
    GADGET_TRY_ASSIGN(built.gadget,
                      compile_folder(std::move(folder), built.request, context.cancel, findings));
    if (!built.gadget.metadata_report.empty()) context.terminal.say(built.gadget.metadata_report);
    if (options.strict) findings.promote_warnings();
    if (findings.has_errors())
        return Error{.code = ErrorCode::rejected_input, .message = "the gadget has errors"};
    GADGET_TRY_ASSIGN(built.image, pack(built.gadget, archs, options.btf_folder));
    if (options.attest) {
        GADGET_TRY_ASSIGN(const std::string created, creation_time());
        GADGET_TRY_ASSIGN(built.documents,
                          attest(built.gadget, built.request, options, built.image, created));
    }
    return built;
}

Result<void> keep(const Built& built, const BuildOptions& options, CancelToken cancel) {
    std::vector<packager::MemoryBlobs> sources;
    const auto images = with_documents(built, sources);
    if (!options.output_folder.empty())
        GADGET_TRY(write_artefacts({built.gadget, built.request, images}, options));
    GADGET_TRY_ASSIGN(const fs::path folder, store_folder());
    GADGET_TRY_ASSIGN(auto store, packager::Store::open(folder, cancel));
    return store.add(images);
}

/// What the command line names and is not there is wrong use; what the gadget names and is not there is an
/// error of the gadget.
Error as_build_error(Error error, const BuildOptions& options) {
    std::error_code ignored;
    if (error.code != ErrorCode::not_found) return error;
    const bool named = !fs::is_directory(options.path, ignored) ||
                       (!options.config_file.empty() && !fs::exists(options.config_file, ignored)) ||
                       !options.clang.empty();
    error.code = named ? ErrorCode::invalid_argument : ErrorCode::rejected_input;
    return error;
}

/// One build, with everything that is said about it. `inputs` gets what went in, when that became known.
int build_once(const BuildOptions& options, const Context& context, std::vector<fs::path>& inputs) {
    DiagnosticList findings;
    const auto built = build_image(options, context, findings);
    findings.sort();
    show_findings(findings, options.format, options.path.string(), context.terminal);
    if (!built) {
        // Findings have said why; only what they do not say needs words.
        const bool told = built.error().code == ErrorCode::rejected_input && findings.has_errors();
        if (!told) return context.terminal.fail(as_build_error(built.error(), options));
        context.terminal.say("gadget: " + options.path.string() + ": " + findings_summary(findings) +
                             ", nothing was built");
        return kRejected;
    }
    inputs = image_inputs(built->gadget, options);
    if (const auto kept = keep(*built, options, context.cancel); !kept)
        return context.terminal.fail(kept.error());
    if (options.format == FindingsFormat::text) {
        const std::string name = built->reference.empty() ? "" : built->reference + " ";
        context.terminal.print(name + built->image.root.digest + "\n");
    }
    return context.terminal.output_status();
}

/// What an author may add to the gadget's folder to mend a build that does not say what it needs.
bool is_source(const fs::path& name) {
    const auto kind = name.extension();
    return kind == ".c" || kind == ".h" || kind == ".yaml" || kind == ".yml";
}

/// The first of `files` that was written after `time`.
fs::path written_since(const std::vector<fs::path>& files, fs::file_time_type time) {
    for (const auto& file : files) {
        std::error_code missing;
        if (fs::last_write_time(file, missing) >= time && !missing) return file;
    }
    return {};
}

Result<int> watch_builds(const BuildOptions& options, const Context& context) {
    std::vector<fs::path> inputs{options.path / "program.bpf.c", options.path / "gadget.yaml"};
    std::error_code ignored;
    if (!fs::is_directory(options.path, ignored)) return build_once(options, context, inputs);
    GADGET_TRY_ASSIGN(auto watch, Watch::open());
    const bool own_output = fs::equivalent(options.path, options.output_folder, ignored);
    if (!own_output) GADGET_TRY(watch.add_folder(options.path, is_source));
    GADGET_TRY(watch.add_files(inputs));
    for (;;) {
        const auto start = fs::file_time_type::clock::now();
        const int status = build_once(options, context, inputs);
        if (context.cancel.requested()) return status;
        GADGET_TRY(watch.add_files(inputs));
        context.terminal.say("gadget: waiting for changes (Ctrl-C ends)");
        // What was not watched yet may have changed after it was read.
        fs::path changed = written_since(inputs, start);
        if (changed.empty()) {
            GADGET_TRY_ASSIGN(changed, watch.wait(context.cancel));
        }
        if (changed.empty()) return status;
        context.terminal.say("gadget: " + changed.string() + " has changed");
    }
}

}  // namespace

int build(const BuildOptions& options, const Context& context) {
    if (options.watch) {
        const auto status = watch_builds(options, context);
        return status ? *status : context.terminal.fail(status.error());
    }
    std::vector<fs::path> inputs;
    return build_once(options, context, inputs);
}

}  // namespace gadget::cli
