// SPDX-License-Identifier: Apache-2.0
#include "places.h"

#include <unistd.h>

#include <cstdlib>

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

Result<fs::path> user_folder(const char* variable, const char* below_home) {
    // Relative values are invalid by the XDG base directory specification and ignored.
    const fs::path base = environment_variable(variable);
    if (base.is_absolute()) return base / "gadgetkit";
    const fs::path home = environment_variable("HOME");
    if (home.is_absolute()) return home / below_home / "gadgetkit";
    if (::geteuid() == 0) return fs::path("/root") / below_home / "gadgetkit";
    return Error{.code = ErrorCode::unsupported, .message = "no home folder", .hint = "set HOME"};
}

}  // namespace

std::string environment_variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

Result<fs::path> store_folder() {
    const std::string given = environment_variable("GADGET_STORE");
    if (!given.empty()) return fs::path(given);
    if (::geteuid() == 0) return fs::path("/var/lib/gadgetkit/store");
    GADGET_TRY_ASSIGN(const fs::path folder, user_folder("XDG_DATA_HOME", ".local/share"));
    return folder / "store";
}

Result<fs::path> cache_folder() {
    const std::string given = environment_variable("GADGET_CACHE");
    if (!given.empty()) return fs::path(given);
    return user_folder("XDG_CACHE_HOME", ".cache");
}

Result<fs::path> executable_folder() {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    if (error) return errno_error(error.value(), "cannot find this executable");
    return self.parent_path();
}

}  // namespace gadget::cli
