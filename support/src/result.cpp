// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/result.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace gadget {

std::string Error::to_string() const {
    std::string text = message;
    for (const auto& entry : context) text += ", " + entry;
    if (requirement) {
        text += " (needs " + requirement->feature;
        if (!requirement->since.empty()) text += ", since " + requirement->since;
        text += ")";
    }
    if (!hint.empty()) text += "; " + hint;
    return text;
}

std::string errno_text(int error) {
    error = std::abs(error);
    const char* name = strerrorname_np(error);
    const char* words = strerrordesc_np(error);
    if (words == nullptr) return "error " + std::to_string(error);
    std::string text = words;
    if (text.size() > 1 && text[1] >= 'a' && text[1] <= 'z')
        text[0] = static_cast<char>(std::tolower(text[0]));
    return text + " (" + name + ")";
}

namespace {

ErrorCode code_for(int error) {
    switch (error) {
        case ENOENT:
        case ENOTDIR:
            return ErrorCode::not_found;
        case EPERM:
        case EACCES:
            return ErrorCode::permission_denied;
        case EEXIST:
            return ErrorCode::already_exists;
        case ETIMEDOUT:
            return ErrorCode::timed_out;
        case ENOSYS:
        case EOPNOTSUPP:
            return ErrorCode::unsupported;
        default:
            return ErrorCode::io;
    }
}

std::string hint_for(int error) {
    switch (error) {
        case ENOSPC:
            return "free some space, or choose another folder";
        case EROFS:
            return "the file system is read-only: choose another folder";
        case EMFILE:
            return "raise the limit on open files (ulimit -n)";
        default:
            return {};
    }
}

}  // namespace

Error errno_error(int error, const std::string& what) {
    error = std::abs(error);
    return Error{
        .code = code_for(error), .message = what + ": " + errno_text(error), .hint = hint_for(error)};
}

namespace detail {

void bad_result_access(const Error& error) {
    (void)std::fprintf(stderr, "gadget: internal error: unchecked result: %s\n", error.to_string().c_str());
    std::abort();
}

void bad_error_access() {
    (void)std::fputs("gadget: internal error: error of a successful result\n", stderr);
    std::abort();
}

}  // namespace detail
}  // namespace gadget
