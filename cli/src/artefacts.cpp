// SPDX-License-Identifier: Apache-2.0
#include "artefacts.h"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "gadget/builder.h"
#include "skeleton.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

/// One entry a source and architecture, so that language servers see what the compiler saw.
std::string compile_commands(const BuildResult& result) {
    nlohmann::ordered_json entries = nlohmann::ordered_json::array();
    const auto& folder = result.gadget.folder;
    for (const auto& object : result.gadget.objects) {
        const auto settings = settings_for(folder, result.request, object.arch);
        auto arguments = compiler_arguments(settings, object.arch,
                                            [](const fs::path& dir) { return fs::absolute(dir).string(); });
        arguments.insert(arguments.begin(), "clang");
        for (const auto& source : sources_of(folder)) {
            const std::string file = fs::absolute(source).lexically_normal().string();
            auto command = arguments;
            command.insert(command.end(), {"-c", file});
            entries.push_back({{"directory", fs::absolute(folder.path).lexically_normal().string()},
                               {"file", file},
                               {"arguments", command}});
        }
    }
    return entries.dump(2) + "\n";
}

Result<void> write_skeletons(const BuildResult& result, const fs::path& to) {
    const std::string& name = result.gadget.folder.name;
    std::vector<model::Arch> archs;
    for (const auto& object : result.gadget.objects) {
        archs.push_back(object.arch);
        GADGET_TRY(write_file_atomic(to / skeleton_file(name, object.arch),
                                     skeleton_header(name, object.arch, object.object, object.facts)));
    }
    const std::string file = c_identifier(name);
    GADGET_TRY(write_file_atomic(to / (file + ".skel.h"), skeleton_choice(name, archs)));
    return write_file_atomic(to / (file + ".events.h"),
                             event_reader_header(name, result.gadget.objects.front().facts));
}

}  // namespace

std::vector<fs::path> image_inputs(const CompiledGadget& gadget, const BuildOptions& options) {
    std::vector<fs::path> inputs;
    const auto add = [&](const fs::path& file) {
        if (std::find(inputs.begin(), inputs.end(), file) == inputs.end()) inputs.push_back(file);
    };
    std::for_each(gadget.inputs.begin(), gadget.inputs.end(), add);
    std::error_code ignored;
    if (fs::exists(gadget.folder.metadata_path, ignored)) add(gadget.folder.metadata_path);
    const fs::path config =
        options.config_file.empty() ? gadget.folder.path / "build.yaml" : options.config_file;
    if (fs::exists(config, ignored)) add(config);
    return inputs;
}

Result<void> write_artefacts(const BuildResult& result, const BuildOptions& options) {
    const fs::path& to = options.output_folder;
    GADGET_TRY(gadget::create_directories(to));
    for (const auto& object : result.gadget.objects) {
        GADGET_TRY(write_file_atomic(to / (std::string(model::to_string(object.arch)) + ".bpf.o"),
                                     std::span<const std::byte>(object.object)));
    }
    if (!result.gadget.objects.empty())
        GADGET_TRY(write_file_atomic(to / "compile_commands.json", compile_commands(result)));
    const bool skeleton =
        std::find(options.emit.begin(), options.emit.end(), "skeleton") != options.emit.end();
    if (skeleton && !result.gadget.objects.empty()) GADGET_TRY(write_skeletons(result, to));
    GADGET_TRY(packager::write_tar(result.images, to / "image.oci.tar"));
    if (options.depfile.empty()) return {};
    builder::Output inputs;
    inputs.inputs = image_inputs(result.gadget, options);
    GADGET_TRY_ASSIGN(const std::string text,
                      builder::depfile(std::span(&inputs, 1), options.output_folder / "image.oci.tar"));
    return write_file_atomic(options.depfile, text);
}

}  // namespace gadget::cli
