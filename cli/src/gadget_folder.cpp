// SPDX-License-Identifier: Apache-2.0
#include "gadget_folder.h"

#include "gadget/support/files.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

Result<model::BuildConfig> read_config(const fs::path& folder, const fs::path& given, DiagnosticSink& sink) {
    const fs::path file = given.empty() ? folder / "build.yaml" : given;
    auto text = read_text_file(file);
    if (!text) {
        if (given.empty() && text.error().code == ErrorCode::not_found) return model::BuildConfig{};
        return std::move(text).error();
    }
    return model::parse_build_config(*text, file.string(), sink);
}

Result<std::optional<model::Manifest>> read_manifest(const fs::path& file, DiagnosticSink& sink) {
    auto text = read_text_file(file);
    if (!text) {
        if (text.error().code == ErrorCode::not_found) return std::optional<model::Manifest>();
        return std::move(text).error();
    }
    GADGET_TRY_ASSIGN(model::Manifest manifest, model::parse_manifest(*text, file.string(), sink));
    return std::optional(std::move(manifest));
}

std::string folder_name(const fs::path& path) {
    std::error_code ignored;
    const fs::path whole = fs::weakly_canonical(path, ignored);
    return whole.filename().empty() ? "gadget" : whole.filename().string();
}

constexpr std::size_t kMaxWasmText = std::size_t{16} << 20;

/// The module itself, or the sources in its folder (for Rust: of the crate): what speaks of data sources and
/// fields. What cannot be read, or is too much, is left out.
std::string wasm_text(const fs::path& file) {
    if (file.extension() == ".wasm") return read_text_file(file).value_or("");
    const fs::path folder = file.extension() == ".rs" ? file.parent_path().parent_path() : file.parent_path();
    std::string text;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const auto extension = entry->path().extension();
        if (!entry->is_regular_file(error) || (extension != ".go" && extension != ".rs")) continue;
        if (const auto source = read_text_file(entry->path());
            source && text.size() + source->size() <= kMaxWasmText)
            text += *source;
    }
    return text;
}

}  // namespace

Result<void> refuse_wasm(const GadgetFolder& folder) {
    if (folder.config.wasm.empty()) return {};
    return Error{.code = ErrorCode::unsupported,
                 .message = "build.yaml asks for a Wasm module ('" + folder.config.wasm +
                            "'), which this version does not pack",
                 .hint = "'gadget validate' looks at the rest of the gadget",
                 .requirement = Requirement{"Wasm modules", ""}};
}

Result<GadgetFolder> read_gadget_folder(const fs::path& path, const fs::path& config_file,
                                        DiagnosticSink& sink) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
        return Error{.code = ErrorCode::not_found,
                     .message = "'" + path.string() + "' is not a gadget folder",
                     .hint = "a gadget is a folder with program.bpf.c and gadget.yaml"};
    }
    GadgetFolder folder{.path = path, .name = folder_name(path)};
    GADGET_TRY_ASSIGN(folder.config, read_config(path, config_file, sink));
    folder.metadata_path = path / folder.config.metadata;
    auto manifest = read_manifest(folder.metadata_path, folder.findings);
    if (!manifest) {
        for (const auto& finding : folder.findings.all()) sink.report(finding);
        return std::move(manifest).error();
    }
    folder.manifest = *std::move(manifest);
    const fs::path source = path / folder.config.ebpf_source;
    if (fs::exists(source, error)) folder.source = source;
    if (!folder.source && folder.config.ebpf_source_given) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "the source '" + source.string() + "' that build.yaml names does not exist"};
    }
    if (!folder.source && !folder.manifest) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "'" + path.string() + "' holds no gadget: there is neither " +
                                folder.config.ebpf_source + " nor " + folder.config.metadata,
                     .hint = "run 'gadget build' with the folder of a gadget"};
    }
    if (!folder.config.wasm.empty()) folder.wasm_text = wasm_text(path / folder.config.wasm);
    return folder;
}

fs::path metadata_path(const fs::path& folder) {
    DiagnosticList ignored;
    const auto config = read_config(folder, {}, ignored);
    return folder / (config ? config->metadata : model::BuildConfig{}.metadata);
}

}  // namespace gadget::cli
