// SPDX-License-Identifier: Apache-2.0
#include "compile_job.h"

#include <filesystem>

#include "virtual_paths.h"

namespace gadget::builder {

std::string make_source_path(const ChildRequest& request) {
    return std::string(kSourceDir) + '/' + std::filesystem::path(request.source).filename().string();
}

CompileJob make_job(const ChildRequest& request, FileStore& files) {
    const std::filesystem::path source(request.source);
    CompileJob job;
    job.arch = request.arch;
    job.source = make_source_path(request);
    job.defines = request.defines;
    job.warnings = request.warnings;
    files.mount_directory(kSourceDir, source.parent_path());
    for (const std::string& dir : request.include_dirs) {
        job.include_dirs.push_back(kIncludeDir + std::to_string(job.include_dirs.size()));
        files.mount_directory(job.include_dirs.back(), dir);
    }
    return job;
}

}  // namespace gadget::builder
