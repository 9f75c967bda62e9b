// SPDX-License-Identifier: Apache-2.0
#include "compile_job.h"

#include <filesystem>

#include "virtual_paths.h"

namespace gadget::builder {
namespace fs = std::filesystem;

std::string make_source_path(const ChildRequest& request) {
    const fs::path source(request.source);
    const fs::path below = request.folder.empty()
                               ? source.filename()
                               : fs::absolute(source).lexically_normal().lexically_relative(
                                     (fs::absolute(request.folder) / "").lexically_normal());
    return std::string(kSourceDir) + '/' + below.string();
}

CompileJob make_job(const ChildRequest& request, FileStore& files) {
    CompileJob job;
    job.arch = request.arch;
    job.source = make_source_path(request);
    job.defines = request.defines;
    job.warnings = request.warnings;
    job.options = request.options;
    files.mount_directory(kSourceDir, request.folder.empty() ? fs::path(request.source).parent_path()
                                                             : fs::path(request.folder));
    for (const std::string& dir : request.include_dirs) {
        job.include_dirs.push_back(kIncludeDir + std::to_string(job.include_dirs.size()));
        files.mount_directory(job.include_dirs.back(), dir);
    }
    return job;
}

}  // namespace gadget::builder
