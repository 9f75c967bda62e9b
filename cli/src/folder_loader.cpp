// SPDX-License-Identifier: Apache-2.0
#include "folder_loader.h"

#include "compile_folder.h"

namespace gadget::cli {

FolderLoader folder_loader(CancelToken cancel) {
    return [cancel](const std::filesystem::path& path, const std::vector<model::Arch>& archs,
                    DiagnosticSink& sink) -> Result<LoadedGadget> {
        GADGET_TRY_ASSIGN(auto folder, read_gadget_folder(path, {}, sink));
        GADGET_TRY_ASSIGN(auto compiled, compile_folder(std::move(folder), {.archs = archs}, cancel, sink));
        LoadedGadget gadget{.name = compiled.folder.name, .manifest = std::move(compiled.folder.manifest)};
        gadget.source_folder = path;
        gadget.has_wasm = !compiled.folder.config.wasm.empty();
        for (auto& object : compiled.objects) {
            gadget.objects.push_back(
                {.arch = object.arch, .object = std::move(object.object), .facts = std::move(object.facts)});
        }
        return gadget;
    };
}

}  // namespace gadget::cli
