// SPDX-License-Identifier: Apache-2.0
#include "load_gadget.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "gadget/validator.h"
#include "image_names.h"
#include "places.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

bool is_elf(std::span<const std::byte> bytes) {
    return as_text(bytes.first(std::min<std::size_t>(bytes.size(), 4))) ==
           "\x7f"
           "ELF";
}

Result<LoadedGadget> load_object(const fs::path& path, const LoadOptions& options, DiagnosticSink& sink) {
    GADGET_TRY_ASSIGN(Bytes object, read_file(path, validator::kMaxObjectSize));
    LoadedGadget gadget{.name = path.filename().string()};
    if (!options.manifest_file.empty()) {
        GADGET_TRY_ASSIGN(const std::string text, read_text_file(options.manifest_file));
        GADGET_TRY_ASSIGN(gadget.manifest, model::parse_manifest(text, options.manifest_file.string(), sink));
    }
    GADGET_TRY_ASSIGN(auto facts, validator::inspect(object, {.object_name = path.string()}));
    // An object does not say for which architecture it was compiled: it is taken for this one.
    gadget.objects.push_back(
        {.arch = model::host_arch(), .object = std::move(object), .facts = std::move(facts)});
    return gadget;
}

void note_skipped_layers(const packager::GadgetContent& content, LoadedGadget& gadget) {
    gadget.has_wasm = gadget.has_wasm || content.wasm.has_value();
    for (const auto& layer : content.unknown_layers) {
        gadget.remarks.push_back("a layer of unknown type '" + layer.media_type + "' is ignored");
    }
}

Result<LoadedGadget> load_image(const packager::BlobSource& blobs, const packager::Descriptor& root,
                                const std::string& name, const LoadOptions& options, DiagnosticSink& sink) {
    LoadedGadget gadget{.name = name};
    GADGET_TRY_ASSIGN(gadget.image, packager::read_tree(blobs, root));
    for (const auto arch : options.archs) {
        if (gadget.image->find(arch) == nullptr) continue;
        GADGET_TRY_ASSIGN(auto content, packager::load_gadget(blobs, root, arch));
        if (!gadget.manifest && !content.metadata.empty()) {
            GADGET_TRY_ASSIGN(gadget.manifest,
                              model::parse_manifest(content.metadata, "gadget.yaml of " + name, sink));
            note_skipped_layers(content, gadget);
        }
        if (!content.ebpf) continue;
        const std::string object_name = std::string(model::to_string(arch)) + " object of " + name;
        GADGET_TRY_ASSIGN(auto facts, validator::inspect(*content.ebpf, {.object_name = object_name}));
        gadget.objects.push_back(
            {.arch = arch, .object = std::move(*content.ebpf), .facts = std::move(facts)});
        if (content.btfgen) gadget.objects.back().btfgen = std::move(*content.btfgen);
    }
    return gadget;
}

Result<LoadedGadget> load_layout(const std::string& input, const LoadOptions& options, DiagnosticSink& sink) {
    GADGET_TRY_ASSIGN(const auto layout, packager::Layout::open(input));
    GADGET_TRY_ASSIGN(const auto root, layout.find(""));
    return load_image(layout, root, input, options, sink);
}

Result<LoadedGadget> load_reference(const std::string& input, const LoadOptions& options,
                                    DiagnosticSink& sink) {
    if (!packager::is_digest(input)) GADGET_TRY(parse_image_name(input));
    GADGET_TRY_ASSIGN(const fs::path folder, store_folder());
    const Error missing{.code = ErrorCode::not_found,
                        .message = "there is no file, folder or image '" + input + "'",
                        .hint = "build it with 'gadget build PATH -t " + input +
                                "', get it with 'gadget pull " + input + "', or see 'gadget image list'"};
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) return missing;
    GADGET_TRY_ASSIGN(const auto store, packager::Store::open(folder));
    GADGET_TRY_ASSIGN(const auto reader, store.read());
    GADGET_TRY_ASSIGN(const auto name, stored_name(reader.layout(), input));
    auto root = reader.layout().find(name);
    if (!root && root.error().code == ErrorCode::not_found) return missing;
    if (!root) return std::move(root).error();
    return load_image(reader.layout(), *root, short_name(name), options, sink);
}

}  // namespace

const LoadedObject* LoadedGadget::find(model::Arch arch) const {
    const auto found =
        std::find_if(objects.begin(), objects.end(), [&](const auto& object) { return object.arch == arch; });
    return found == objects.end() ? nullptr : &*found;
}

Result<InputKind> classify(const std::string& input) {
    std::error_code error;
    const fs::file_status status = fs::status(input, error);
    if (status.type() == fs::file_type::directory) {
        return fs::exists(fs::path(input) / "oci-layout", error) ? InputKind::layout : InputKind::folder;
    }
    if (status.type() == fs::file_type::regular) {
        const UniqueFd fd(::open(input.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd) return errno_error(errno, "cannot open '" + input + "'");
        std::array<std::byte, 4> magic{};
        const ssize_t count = ::read(fd.get(), magic.data(), magic.size());
        return count == 4 && is_elf(magic) ? InputKind::object : InputKind::layout;
    }
    if (status.type() != fs::file_type::not_found && status.type() != fs::file_type::none) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "'" + input + "' is neither a file nor a folder"};
    }
    const bool looks_like_path = input.starts_with('/') || input.starts_with("./") ||
                                 input.starts_with("../") || input.ends_with(".o") ||
                                 input.ends_with(".tar") || input.ends_with('/');
    if (looks_like_path) {
        return Error{.code = ErrorCode::not_found, .message = "there is no file or folder '" + input + "'"};
    }
    return InputKind::reference;
}

Result<LoadedGadget> load_gadget(const std::string& input, const LoadOptions& options, DiagnosticSink& sink) {
    GADGET_TRY_ASSIGN(const InputKind kind, classify(input));
    switch (kind) {
        case InputKind::object:
            return load_object(input, options, sink);
        case InputKind::layout:
            return load_layout(input, options, sink);
        case InputKind::reference:
            return load_reference(input, options, sink);
        case InputKind::folder:
            break;
    }
    if (!options.load_folder) {
        return Error{
            .code = ErrorCode::unsupported,
            .message = "'" + input + "' is a source folder, and gadget-run has no compiler",
            .hint = "build it with 'gadget build " + input + " -o DIR' and run the image DIR/image.oci.tar",
            .requirement = Requirement{"the executable 'gadget'", ""}};
    }
    return options.load_folder(input, options.archs, sink);
}

}  // namespace gadget::cli
