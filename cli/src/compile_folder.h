// SPDX-License-Identifier: Apache-2.0
// Compile and validate a gadget folder: what build, validate, run and test share. Only in executables with
// the compiler.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gadget/model.h"
#include "gadget/support/cancel.h"
#include "gadget/support/files.h"
#include "gadget_folder.h"

namespace gadget::cli {

struct CompiledObject {
    model::Arch arch;
    Bytes object;
    model::ObjectFacts facts;
};

struct CompileRequest {
    std::vector<model::Arch> archs;
    std::vector<std::string> defines;
    std::vector<std::filesystem::path> include_dirs;
    std::vector<std::string> warnings;
    bool validate = true;
    bool update_metadata = false;
    std::filesystem::path clang{};                     ///< empty: the compiler inside
    std::optional<std::chrono::seconds> time_limit{};  ///< of the compiler, for each object
};

/// What a folder or image became: ready to pack or to run.
struct CompiledGadget {
    GadgetFolder folder;
    std::vector<CompiledObject> objects;
    std::vector<std::filesystem::path> inputs{};  ///< files of the machine that went in, the source first
    std::string metadata_report{};                ///< what update_metadata did, in words
};

/// What the compiler is asked for one source of a gadget and one architecture: settings of build.yaml first,
/// then those of its part for the architecture, then the request's.
struct CompileSettings {
    std::vector<std::string> defines;
    std::vector<std::filesystem::path> include_dirs;
    std::vector<std::string> warnings;  ///< with "-W"
    std::vector<std::string> options;
};
CompileSettings settings_for(const GadgetFolder& folder, const CompileRequest& request, model::Arch arch);

/// All that clang is told with these settings, but for the file; `dir_name` writes the folders for headers.
std::vector<std::string> compiler_arguments(
    const CompileSettings& settings, model::Arch arch,
    const std::function<std::string(const std::filesystem::path&)>& dir_name);

/// The sources of a gadget with eBPF: the main one, then those that build.yaml links with it.
std::vector<std::filesystem::path> sources_of(const GadgetFolder& folder);

/// Findings of compiler and rules go to `sink`, with the paths of the author's files. The result is
/// rejected_input when the source does not compile; rules never make it fail: look at the sink.
Result<CompiledGadget> compile_folder(GadgetFolder folder, const CompileRequest& request, CancelToken cancel,
                                      DiagnosticSink& sink);

}  // namespace gadget::cli
