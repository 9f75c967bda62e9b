// SPDX-License-Identifier: Apache-2.0
// The files that 'gadget build -o DIR' leaves.
#pragma once

#include <span>

#include "commands.h"
#include "compile_folder.h"
#include "gadget/packager.h"

namespace gadget::cli {

struct BuildResult {
    const CompiledGadget& gadget;
    const CompileRequest& request;
    std::span<const packager::NamedImage> images;  ///< the image first, then what refers to it
};

/// Everything the image is made from: sources and headers, the metadata, build.yaml. Without repetition.
[[nodiscard]] std::vector<std::filesystem::path> image_inputs(const CompiledGadget& gadget,
                                                              const BuildOptions& options);

/// Objects, compile_commands.json, image.oci.tar and, where asked for, skeleton headers in
/// options.output_folder, and the dependency file.
Result<void> write_artefacts(const BuildResult& result, const BuildOptions& options);

}  // namespace gadget::cli
