// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "file_store.h"
#include "wire.h"

namespace gadget::builder {

/// What to compile, in terms of the file store's virtual paths.
struct CompileJob {
    std::string source;  ///< virtual path of the main file
    model::Arch arch = model::Arch::amd64;
    std::vector<std::string> include_dirs;  ///< virtual, searched before the embedded headers
    std::vector<std::string> defines;       ///< "NAME" or "NAME=VALUE"
    std::vector<std::string> warnings;      ///< "-Wextra"
    std::vector<std::string> options;       ///< from the list of clang_options.h
};

/// The virtual path of the main file.
std::string make_source_path(const ChildRequest& request);

/// Shows the folders of the request in `files`, and gives the job in their terms.
CompileJob make_job(const ChildRequest& request, FileStore& files);

}  // namespace gadget::builder
