// SPDX-License-Identifier: Apache-2.0
// A gadget as an author keeps it: a folder with build.yaml, gadget.yaml and the eBPF source.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "gadget/model.h"
#include "gadget/support/result.h"

namespace gadget::cli {

struct GadgetFolder {
    std::filesystem::path path;
    std::string name;  ///< last component of the path
    model::BuildConfig config;
    std::filesystem::path metadata_path;
    std::optional<model::Manifest> manifest;      ///< nullopt: there is no metadata file
    std::optional<std::filesystem::path> source;  ///< nullopt: a gadget without eBPF
    std::string wasm_text{};                      ///< of the Wasm module or its sources, for the rules
    DiagnosticList findings{};                    ///< about the metadata, none of them an error
};

/// Reads a gadget folder. `config_file` is an explicit build.yaml (must exist); empty: the one in the folder,
/// if any. Findings that are errors go to `sink`, with rejected_input; others are kept in the folder, for
/// compile_folder() to judge.
Result<GadgetFolder> read_gadget_folder(const std::filesystem::path& path,
                                        const std::filesystem::path& config_file, DiagnosticSink& sink);

/// unsupported when the gadget has a Wasm module, which cannot be packed or run.
Result<void> refuse_wasm(const GadgetFolder& folder);

/// The metadata file of a gadget folder; gadget.yaml when build.yaml cannot be read or names none.
std::filesystem::path metadata_path(const std::filesystem::path& folder);

}  // namespace gadget::cli
