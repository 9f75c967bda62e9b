// SPDX-License-Identifier: Apache-2.0
#include "source_check.h"

#include <algorithm>

#include "clang_options.h"
#include "file_store.h"
#include "gadget/support/files.h"
#include "gadget/support/text.h"

namespace gadget::builder {
namespace fs = std::filesystem;
namespace {

Error rejected(const std::string& message, std::string hint = {}) {
    return Error{ErrorCode::rejected_input, message, std::move(hint)};
}

// What stands beside a source that is not there, if one is likely to be meant.
std::string suggest_source(const fs::path& source) {
    std::vector<std::string> names;
    std::error_code error;
    const fs::path folder = source.parent_path().empty() ? fs::path(".") : source.parent_path();
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        if (entry->path().extension() == ".c") names.push_back(entry->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    const std::string near = did_you_mean(source.filename().string(), names);
    if (near.empty() && names.size() == 1) return "did you mean '" + names.front() + "'?";
    return near;
}

Result<void> check_source(const fs::path& source) {
    const std::string name = "'" + source.string() + "'";
    std::error_code error;
    const fs::file_status status = fs::status(source, error);
    if (status.type() == fs::file_type::not_found) {
        return Error{ErrorCode::not_found, "eBPF source " + name + " does not exist", suggest_source(source)};
    }
    if (fs::is_directory(status)) {
        return rejected("eBPF source " + name + " is a folder", "name the .bpf.c file in it");
    }
    if (!fs::is_regular_file(status)) return rejected("eBPF source " + name + " is not a regular file");
    const auto size = fs::file_size(source, error);
    if (!error && size > FileStore::kMaxFile) {
        return rejected("eBPF source " + name + " is " + human_bytes(size) + "; the limit is " +
                        human_bytes(FileStore::kMaxFile));
    }
    GADGET_TRY_ASSIGN(const std::string text, read_text_file(source, FileStore::kMaxFile));
    if (text.find_first_not_of(" \t\r\n") == text.npos) return rejected("eBPF source " + name + " is empty");
    if (text.starts_with("\177ELF")) {
        return rejected("eBPF source " + name + " is a compiled object", "name the source it was made from");
    }
    if (text.find('\0') != text.npos)
        return rejected("eBPF source " + name + " is not text: it has NUL bytes");
    return {};
}

}  // namespace

Result<void> check_request(const Request& request) {
    GADGET_TRY(check_source(request.source));
    if (!request.folder.empty()) {
        const fs::path folder = (fs::absolute(request.folder) / "").lexically_normal();
        if (!fs::absolute(request.source).lexically_normal().string().starts_with(folder.string()))
            return rejected("eBPF source '" + request.source.string() + "' is outside of the folder '" +
                            request.folder.string() + "'");
    }
    for (const fs::path& dir : request.include_dirs) {
        std::error_code error;
        if (!fs::is_directory(dir, error)) {
            return Error{ErrorCode::not_found, "include folder '" + dir.string() + "' does not exist"};
        }
    }
    for (const std::string& warning : request.warnings) {
        if (!warning.starts_with("-W") || warning.starts_with("-Wl,") || warning.starts_with("-Wa,") ||
            warning.starts_with("-Wp,")) {
            return Error{ErrorCode::invalid_argument, "'" + warning + "' is not a warning option",
                         "warning options start with -W, for example -Wextra"};
        }
    }
    for (const std::string& option : request.options) {
        if (front_end_form(option)) continue;
        const std::vector<std::string> allowed = allowed_options();
        std::string hint = did_you_mean(option, allowed);
        if (hint.empty()) hint = "the options are " + join_words(allowed);
        return Error{ErrorCode::invalid_argument, "the compiler option '" + option + "' is not allowed",
                     hint};
    }
    for (const std::string& define : request.defines) {
        const bool start = !define.empty() && ((define[0] >= 'a' && define[0] <= 'z') ||
                                               (define[0] >= 'A' && define[0] <= 'Z') || define[0] == '_');
        if (!start) {
            return Error{ErrorCode::invalid_argument, "'" + define + "' is not a macro definition",
                         "write NAME or NAME=VALUE"};
        }
    }
    return {};
}

}  // namespace gadget::builder
