// SPDX-License-Identifier: Apache-2.0
#include "compile_folder.h"

#include "gadget/builder.h"
#include "gadget/validator.h"
#include "places.h"

namespace gadget::cli {
namespace {

constexpr std::string_view kVirtualFolder = "/gadget/";    // where the compiler sees the folder of the source

std::vector<builder::Request> requests_for(const GadgetFolder& folder, const CompileRequest& request) {
    std::vector<builder::Request> requests;
    for (const auto arch : request.archs) {
        builder::Request one{.source = *folder.source, .arch = arch};
        for (const auto& dir : folder.config.include_dirs) one.include_dirs.push_back(folder.path / dir);
        one.include_dirs.insert(one.include_dirs.end(), request.include_dirs.begin(), request.include_dirs.end());
        one.defines = folder.config.defines;
        one.defines.insert(one.defines.end(), request.defines.begin(), request.defines.end());
        for (const auto& warning : folder.config.warnings) one.warnings.push_back("-W" + warning);
        for (const auto& warning : request.warnings) one.warnings.push_back("-W" + warning);
        requests.push_back(std::move(one));
    }
    return requests;
}

void apply_rules(const CompiledGadget& gadget, DiagnosticSink& sink) {
    const model::Manifest* manifest = gadget.folder.manifest ? &*gadget.folder.manifest : nullptr;
    validator::validate(gadget.objects.front().facts, manifest, {}, sink);
    for (std::size_t i = 1; i < gadget.objects.size(); ++i) {
        // Metadata is judged once; what differs between the architectures is a finding of its own.
        validator::validate(gadget.objects[i].facts, nullptr, {}, sink);
        validator::compare(gadget.objects.front().facts, gadget.objects[i].facts, sink);
    }
}

}  // namespace

void SourcePathSink::translate(Location& location) const {
    if (auto* range = std::get_if<SourceRange>(&location); range != nullptr && range->file.starts_with(kVirtualFolder)) {
        range->file = (folder_ / range->file.substr(kVirtualFolder.size())).string();
    }
}

void SourcePathSink::report(Diagnostic diagnostic) {
    translate(diagnostic.location);
    for (auto& note : diagnostic.notes) translate(note.location);
    next_.report(std::move(diagnostic));
}

Result<CompiledGadget> compile_folder(GadgetFolder folder, const CompileRequest& request, CancelToken cancel,
                                      DiagnosticSink& sink) {
    CompiledGadget gadget{.folder = std::move(folder), .objects = {}};
    if (!gadget.folder.source) return gadget;
    const auto requests = requests_for(gadget.folder, request);
    builder::Options options;
    options.cancel = cancel;
    if (auto cache = cache_folder()) options.cache_dir = *cache / "objects";    // without a home: no cache
    GADGET_TRY_ASSIGN(auto outputs, builder::compile(requests, options, sink));
    SourcePathSink mapped(gadget.folder.source->parent_path(), sink);
    for (auto& output : outputs) {
        const std::string name = std::string(model::to_string(output.arch)) + " object";
        GADGET_TRY_ASSIGN(auto facts, validator::inspect(output.object, {.object_name = name}));
        gadget.objects.push_back({.arch = output.arch, .object = std::move(output.object), .facts = std::move(facts)});
    }
    if (request.validate && !gadget.objects.empty()) apply_rules(gadget, mapped);
    return gadget;
}

}  // namespace gadget::cli
