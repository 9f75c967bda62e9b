// SPDX-License-Identifier: Apache-2.0
#include "compile_folder.h"

#include <algorithm>
#include <set>

#include "gadget/builder.h"
#include "gadget/validator.h"
#include "gadget/validator/suppressions.h"
#include "places.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVirtualFolder = "/gadget/";  // where the compiler sees the folder of the source

std::vector<builder::Request> requests_for(const GadgetFolder& folder, const CompileRequest& request) {
    std::vector<builder::Request> requests;
    for (const auto arch : request.archs) {
        builder::Request one{.source = *folder.source, .arch = arch};
        for (const auto& dir : folder.config.include_dirs) one.include_dirs.push_back(folder.path / dir);
        one.include_dirs.insert(one.include_dirs.end(), request.include_dirs.begin(),
                                request.include_dirs.end());
        one.defines = folder.config.defines;
        one.defines.insert(one.defines.end(), request.defines.begin(), request.defines.end());
        for (const auto& warning : folder.config.warnings) one.warnings.push_back("-W" + warning);
        for (const auto& warning : request.warnings) one.warnings.push_back("-W" + warning);
        requests.push_back(std::move(one));
    }
    return requests;
}

/// Passes on findings of the validator, moved from the object to the author's source where the compiler knows
/// the place. The same finding about several architectures then is the same finding.
class SourceSink final : public DiagnosticSink {
  public:
    SourceSink(fs::path folder, const std::vector<builder::SymbolLocation>& symbols, DiagnosticSink& next)
        : folder_(std::move(folder)), symbols_(symbols), next_(next) {}

    void report(Diagnostic diagnostic) override {
        const bool about_section = diagnostic.id.find("section") != std::string::npos;
        translate(diagnostic.location, about_section);
        for (auto& note : diagnostic.notes) translate(note.location, false);
        next_.report(std::move(diagnostic));
    }

  private:
    const builder::SymbolLocation* find(const std::string& symbol) const {
        const auto found = std::find_if(symbols_.begin(), symbols_.end(),
                                        [&](const auto& entry) { return entry.symbol == symbol; });
        return found == symbols_.end() ? nullptr : &*found;
    }

    /// The program whose first line stands at `range`: its name and section are known more exactly.
    const builder::SymbolLocation* at(const SourceRange& range) const {
        const auto found = std::find_if(symbols_.begin(), symbols_.end(), [&](const auto& entry) {
            return entry.section && entry.name.file == range.file && entry.name.line == range.line;
        });
        return found == symbols_.end() ? nullptr : &*found;
    }

    void translate(Location& location, bool about_section) const {
        const builder::SymbolLocation* symbol = nullptr;
        if (auto* range = std::get_if<SourceRange>(&location)) {
            if (range->file.starts_with(kVirtualFolder))
                range->file = (folder_ / range->file.substr(kVirtualFolder.size())).string();
            symbol = about_section ? at(*range) : nullptr;
        } else if (const auto* object = std::get_if<ObjectLocation>(&location)) {
            symbol = find(object->symbol);
        }
        if (symbol != nullptr) location = about_section && symbol->section ? *symbol->section : symbol->name;
    }

    fs::path folder_;
    const std::vector<builder::SymbolLocation>& symbols_;
    DiagnosticSink& next_;
};

/// Metadata is judged once; what differs between the architectures is a finding of its own.
void apply_rules(const CompiledGadget& gadget, const std::vector<builder::Output>& outputs,
                 DiagnosticSink& sink) {
    const model::Manifest* manifest = gadget.folder.manifest ? &*gadget.folder.manifest : nullptr;
    for (std::size_t i = 0; i < gadget.objects.size(); ++i) {
        SourceSink located(gadget.folder.source->parent_path(), outputs[i].symbols, sink);
        validator::validate(gadget.objects[i].facts, i == 0 ? manifest : nullptr, {}, located);
        if (i > 0) validator::compare(gadget.objects.front().facts, gadget.objects[i].facts, located);
    }
}

/// `path` of a file of the folder as findings name it; empty for files from elsewhere.
std::string name_in_findings(const GadgetFolder& folder, const fs::path& path) {
    std::error_code error;
    const fs::path base = fs::canonical(folder.source->parent_path(), error);
    const fs::path file = fs::canonical(path, error);
    const fs::path relative = file.lexically_relative(base);
    if (error || relative.empty() || *relative.begin() == "..") return {};
    return (folder.source->parent_path() / relative).string();
}

/// What build.yaml and the comments of metadata and sources allow.
validator::Suppressions suppressions_of(const GadgetFolder& folder,
                                        const std::vector<builder::Output>& outputs) {
    validator::Suppressions suppressions;
    suppressions.add(folder.config.allow);
    if (folder.manifest) suppressions.add_comments(folder.manifest->text, folder.metadata_path.string());
    if (!folder.source) return suppressions;
    std::set<std::string> files{folder.source->string()};
    for (const auto& output : outputs) {
        for (const auto& input : output.inputs) {
            if (auto name = name_in_findings(folder, input); !name.empty()) files.insert(std::move(name));
        }
    }
    for (const auto& file : files) {
        if (const auto text = read_text_file(file)) suppressions.add_comments(*text, file);
    }
    return suppressions;
}

Result<void> compile(CompiledGadget& gadget, const CompileRequest& request, CancelToken cancel,
                     std::vector<builder::Output>& outputs, DiagnosticSink& sink) {
    const auto requests = requests_for(gadget.folder, request);
    builder::Options options;
    options.cancel = cancel;
    if (auto cache = cache_folder()) options.cache_dir = *cache / "objects";  // without a home: no cache
    GADGET_TRY_ASSIGN(outputs, builder::compile(requests, options, sink));
    for (auto& output : outputs) {
        for (auto& input : output.inputs) {
            if (std::find(gadget.inputs.begin(), gadget.inputs.end(), input) == gadget.inputs.end())
                gadget.inputs.push_back(input);
        }
        const std::string name = std::string(model::to_string(output.arch)) + " object";
        GADGET_TRY_ASSIGN(auto facts, validator::inspect(output.object, {.object_name = name}));
        gadget.objects.push_back(
            {.arch = output.arch, .object = std::move(output.object), .facts = std::move(facts)});
    }
    return {};
}

}  // namespace

Result<CompiledGadget> compile_folder(GadgetFolder folder, const CompileRequest& request, CancelToken cancel,
                                      DiagnosticSink& sink) {
    CompiledGadget gadget{.folder = std::move(folder), .objects = {}};
    DiagnosticList findings = std::move(gadget.folder.findings);
    std::vector<builder::Output> outputs;
    Result<void> compiled;
    if (gadget.folder.source) compiled = compile(gadget, request, cancel, outputs, findings);
    if (compiled && request.validate) {
        if (!gadget.objects.empty()) {
            apply_rules(gadget, outputs, findings);
        } else if (gadget.folder.manifest) {
            validator::validate({}, &*gadget.folder.manifest, {}, findings);
        }
    }
    using Extent = validator::Suppressions::Extent;
    const auto extent = compiled && request.validate ? Extent::whole : Extent::partial;
    suppressions_of(gadget.folder, outputs).apply(findings.all(), extent, sink);
    if (!compiled) return std::move(compiled).error();
    return gadget;
}

}  // namespace gadget::cli
