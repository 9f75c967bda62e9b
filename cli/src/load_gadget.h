// SPDX-License-Identifier: Apache-2.0
// PATH | OBJECT | IMAGE: whatever the user names, as one value that can be inspected and run.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gadget/model.h"
#include "gadget/packager.h"
#include "gadget/support/cancel.h"
#include "gadget/support/files.h"

namespace gadget::cli {

enum class InputKind { folder, object, layout, reference };

struct LoadedObject {
    model::Arch arch;
    Bytes object;
    model::ObjectFacts facts;
    Bytes btfgen{};  ///< the layer of that type, if there is one
};

struct LoadedGadget {
    std::string name;  ///< for titles and messages
    std::optional<model::Manifest> manifest;
    std::vector<LoadedObject> objects;
    std::optional<packager::ImageTree> image;  ///< for images
    bool has_wasm = false;                     ///< a Wasm module, which is not run
    std::vector<std::string> remarks;          ///< what was left aside
    std::filesystem::path source_folder;  ///< of a gadget folder: findings with virtual paths belong to it

    [[nodiscard]] const LoadedObject* find(model::Arch arch) const;
};

/// Compiles a gadget folder for `archs`; empty in executables without the compiler.
using FolderLoader = std::function<Result<LoadedGadget>(
    const std::filesystem::path& folder, const std::vector<model::Arch>& archs, DiagnosticSink& sink)>;

struct LoadOptions {
    std::vector<model::Arch> archs;  ///< which objects are wanted; an image without one of them is no error
    std::filesystem::path manifest_file;  ///< metadata for a bare object
    FolderLoader load_folder;
};

/// What `input` names: an existing folder or file, else an image reference.
Result<InputKind> classify(const std::string& input);

/// Loads `input`. Findings about metadata and sources go to `sink`.
Result<LoadedGadget> load_gadget(const std::string& input, const LoadOptions& options, DiagnosticSink& sink);

}  // namespace gadget::cli
