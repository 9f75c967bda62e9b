// SPDX-License-Identifier: Apache-2.0
#include "compile_folder.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <span>

#include "gadget/builder.h"
#include "gadget/validator.h"
#include "gadget/validator/suppressions.h"
#include "places.h"
#include "update_metadata.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVirtualFolder = "/gadget/";  // where the compiler sees the folder of the source

/// Is `file` below `folder`, by name?
bool is_below(const fs::path& file, const fs::path& folder) {
    const fs::path start = (fs::absolute(folder) / "").lexically_normal();
    return fs::absolute(file).lexically_normal().string().starts_with(start.string());
}

/// For each architecture all sources, in order.
std::vector<builder::Request> requests_for(const GadgetFolder& folder, const CompileRequest& request) {
    std::vector<builder::Request> requests;
    for (const auto arch : request.archs) {
        auto settings = settings_for(folder, request, arch);
        for (const auto& source : sources_of(folder)) {
            requests.push_back({.source = source,
                                .arch = arch,
                                .include_dirs = settings.include_dirs,
                                .defines = settings.defines,
                                .warnings = settings.warnings,
                                .folder = is_below(source, folder.path) ? folder.path : fs::path(),
                                .options = settings.options});
        }
    }
    return requests;
}

/// `outputs` are those of all sources for one architecture.
Result<builder::Output> link_sources(std::span<builder::Output> outputs, const builder::Options& options) {
    if (outputs.size() == 1) return std::move(outputs.front());
    std::vector<builder::LinkInput> inputs;
    for (const auto& output : outputs) inputs.push_back({output.inputs.front().string(), output.object});
    builder::Output linked{.arch = outputs.front().arch};
    GADGET_TRY_ASSIGN(linked.object, builder::link(inputs, options));
    for (auto& output : outputs) {
        for (auto& input : output.inputs) {
            if (std::find(linked.inputs.begin(), linked.inputs.end(), input) == linked.inputs.end())
                linked.inputs.push_back(std::move(input));
        }
        std::move(output.symbols.begin(), output.symbols.end(), std::back_inserter(linked.symbols));
    }
    return linked;
}

/// Passes on findings of the validator, moved from the object to the author's source where the compiler knows
/// the place. The same finding about several architectures then is the same finding.
class SourceSink final : public DiagnosticSink {
  public:
    SourceSink(fs::path folder, const std::vector<builder::SymbolLocation>& symbols,
               const std::vector<model::ProgramFacts>& programs, DiagnosticSink& next)
        : folder_(std::move(folder)), symbols_(symbols), programs_(programs), next_(next) {}

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

    /// The program whose code begins there: findings about it as a whole stand at its name.
    const builder::SymbolLocation* program_at(const SourceRange& range) const {
        const auto found = std::find_if(programs_.begin(), programs_.end(),
                                        [&](const auto& program) { return program.source == range; });
        return found == programs_.end() ? nullptr : find(found->name);
    }

    void translate(Location& location, bool about_section) const {
        const builder::SymbolLocation* symbol = nullptr;
        if (auto* range = std::get_if<SourceRange>(&location)) {
            const auto* const program = program_at(*range);
            if (range->file.starts_with(kVirtualFolder))
                range->file = (folder_ / range->file.substr(kVirtualFolder.size())).string();
            symbol = program == nullptr && about_section ? at(*range) : program;
        } else if (const auto* object = std::get_if<ObjectLocation>(&location)) {
            symbol = find(object->symbol);
        }
        if (symbol != nullptr) location = about_section && symbol->section ? *symbol->section : symbol->name;
    }

    fs::path folder_;
    const std::vector<builder::SymbolLocation>& symbols_;
    const std::vector<model::ProgramFacts>& programs_;
    DiagnosticSink& next_;
};

/// What the compiler calls /gadget.
fs::path seen_folder(const GadgetFolder& folder) {
    return is_below(*folder.source, folder.path) ? folder.path : folder.source->parent_path();
}

/// Metadata is judged once; what differs between the architectures is a finding of its own.
void apply_rules(const CompiledGadget& gadget, const std::vector<builder::Output>& outputs,
                 DiagnosticSink& sink) {
    const model::Manifest* manifest = gadget.folder.manifest ? &*gadget.folder.manifest : nullptr;
    for (std::size_t i = 0; i < gadget.objects.size(); ++i) {
        // What only the first architecture has is spoken of when the others are compared with it.
        auto symbols = outputs[i].symbols;
        if (i > 0) symbols.insert(symbols.end(), outputs[0].symbols.begin(), outputs[0].symbols.end());
        SourceSink located(seen_folder(gadget.folder), symbols, gadget.objects[i].facts.programs, sink);
        validator::validate(gadget.objects[i].facts, i == 0 ? manifest : nullptr,
                            {.wasm = gadget.folder.wasm_text}, located);
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

/// What the compiler can do nothing about is a fault of the source: a crash or an endless expansion, too.
Error as_rejection(Error error) {
    if (error.code == ErrorCode::timed_out) error.code = ErrorCode::rejected_input;
    return error;
}

Result<std::vector<builder::Output>> compile_sources(const GadgetFolder& folder,
                                                     const CompileRequest& request, CancelToken cancel,
                                                     DiagnosticSink& sink) {
    const auto requests = requests_for(folder, request);
    builder::Options options;
    options.cancel = cancel;
    options.clang = request.clang;
    if (request.time_limit) options.timeout = *request.time_limit;
    if (auto cache = cache_folder()) options.cache_dir = *cache / "objects";  // without a home: no cache
    auto outputs = builder::compile(requests, options, sink);
    if (!outputs) return as_rejection(std::move(outputs).error());
    std::vector<builder::Output> linked;
    const std::size_t sources = sources_of(folder).size();
    for (std::size_t first = 0; first < outputs->size(); first += sources) {
        GADGET_TRY_ASSIGN(builder::Output one,
                          link_sources(std::span(*outputs).subspan(first, sources), options));
        linked.push_back(std::move(one));
    }
    return linked;
}

/// Objects, facts and findings of what was compiled.
Result<void> compile(CompiledGadget& gadget, const CompileRequest& request, CancelToken cancel,
                     std::vector<builder::Output>& outputs, DiagnosticSink& sink) {
    GADGET_TRY_ASSIGN(outputs, compile_sources(gadget.folder, request, cancel, sink));
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

/// Metadata, then the rules.
Result<void> judge(CompiledGadget& gadget, const CompileRequest& request,
                   const std::vector<builder::Output>& outputs, DiagnosticSink& sink) {
    if (request.update_metadata) GADGET_TRY(update_metadata(gadget, gadget.metadata_report, sink));
    if (!request.validate) return {};
    if (!gadget.objects.empty()) {
        apply_rules(gadget, outputs, sink);
    } else if (gadget.folder.manifest) {
        validator::validate({}, &*gadget.folder.manifest, {.wasm = gadget.folder.wasm_text}, sink);
    }
    return {};
}

}  // namespace

CompileSettings settings_for(const GadgetFolder& folder, const CompileRequest& request, model::Arch arch) {
    CompileSettings settings;
    const auto add = [&](const auto& from) {
        settings.defines.insert(settings.defines.end(), from.defines.begin(), from.defines.end());
        for (const auto& dir : from.include_dirs) settings.include_dirs.push_back(folder.path / dir);
        for (const auto& warning : from.warnings) settings.warnings.push_back("-W" + warning);
        settings.options.insert(settings.options.end(), from.options.begin(), from.options.end());
    };
    add(folder.config);
    if (const auto found = folder.config.arch_settings.find(arch); found != folder.config.arch_settings.end())
        add(found->second);
    settings.defines.insert(settings.defines.end(), request.defines.begin(), request.defines.end());
    settings.include_dirs.insert(settings.include_dirs.end(), request.include_dirs.begin(),
                                 request.include_dirs.end());
    for (const auto& warning : request.warnings) settings.warnings.push_back("-W" + warning);
    return settings;
}

std::vector<std::string> compiler_arguments(const CompileSettings& settings, model::Arch arch,
                                            const std::function<std::string(const fs::path&)>& dir_name) {
    std::vector<std::string> arguments{"-target", "bpf", "-mcpu=v1", "-Wall", "-g", "-O2"};
    arguments.insert(arguments.end(), settings.options.begin(), settings.options.end());
    arguments.insert(arguments.end(), settings.warnings.begin(), settings.warnings.end());
    arguments.emplace_back(arch == model::Arch::amd64 ? "-D__TARGET_ARCH_x86" : "-D__TARGET_ARCH_arm64");
    for (const auto& define : settings.defines) arguments.push_back("-D" + define);
    for (const auto& dir : settings.include_dirs) arguments.push_back("-I" + dir_name(dir));
    return arguments;
}

std::vector<fs::path> sources_of(const GadgetFolder& folder) {
    std::vector<fs::path> sources{*folder.source};
    for (const auto& source : folder.config.link) sources.push_back(folder.path / source);
    return sources;
}

Result<CompiledGadget> compile_folder(GadgetFolder folder, const CompileRequest& request, CancelToken cancel,
                                      DiagnosticSink& sink) {
    CompiledGadget gadget{.folder = std::move(folder), .objects = {}};
    if (!gadget.folder.source && !gadget.folder.config.link.empty()) {
        return Error{
            .code = ErrorCode::rejected_input,
            .message = "build.yaml links sources, but there is no '" + gadget.folder.config.ebpf_source + "'",
            .hint = "name the main source as 'ebpfsource'"};
    }
    DiagnosticList findings = std::move(gadget.folder.findings);
    std::vector<builder::Output> outputs;
    Result<void> done;
    if (gadget.folder.source) done = compile(gadget, request, cancel, outputs, findings);
    if (done) done = judge(gadget, request, outputs, findings);
    using Extent = validator::Suppressions::Extent;
    const auto extent = done && request.validate ? Extent::whole : Extent::partial;
    suppressions_of(gadget.folder, outputs).apply(findings.all(), extent, sink);
    if (!done) return std::move(done).error();
    return gadget;
}

}  // namespace gadget::cli
