// SPDX-License-Identifier: Apache-2.0
// Where a program or library is that a user space probe names without its path.
#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

#include "elf_symbols.h"
#include "gadget/support/files.h"
#include "loader_cache.h"

namespace gadget::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::array kProgramFolders{"/usr/local/bin",  "/usr/bin",  "/bin",
                                     "/usr/local/sbin", "/usr/sbin", "/sbin"};
constexpr std::array kLibraryFolders{"/usr/local/lib",
                                     "/lib64",
                                     "/usr/lib64",
                                     "/lib",
                                     "/usr/lib",
#if defined(__x86_64__)
                                     "/lib/x86_64-linux-gnu",
                                     "/usr/lib/x86_64-linux-gnu"
#elif defined(__aarch64__)
                                     "/lib/aarch64-linux-gnu",
                                     "/usr/lib/aarch64-linux-gnu"
#else
                                     "/usr/local/lib64"
#endif
};
constexpr const char* kLoaderCache = "/etc/ld.so.cache";

bool is_file(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

/// Development packages install texts for the linker under the names of libraries: libc.so.
bool is_elf(const fs::path& path) {
    if (!is_file(path)) return false;
    std::array<char, 4> start{};
    std::ifstream(path, std::ios::binary).read(start.data(), start.size());
    return start == std::array<char, 4>{'\x7f', 'E', 'L', 'F'};
}

/// "libc" -> the first libc.so or libc.so.N of the folder, in the order of names.
std::optional<fs::path> find_versioned(const fs::path& folder, const std::string& name) {
    std::error_code error;
    std::optional<fs::path> best;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string file = entry.path().filename().string();
        if (!file.starts_with(name + ".so") || (best && *best < entry.path())) continue;
        if (is_elf(entry.path())) best = entry.path();
    }
    return best;
}

std::optional<fs::path> find_program(const std::string& name) {
    for (const char* const folder : kProgramFolders) {
        if (is_file(fs::path(folder) / name)) return fs::path(folder) / name;
    }
    return std::nullopt;
}

/// What programs of this machine would load, then the usual folders. `name` may end before ".so".
std::optional<fs::path> find_library(const std::string& name) {
    const bool whole = name.find(".so") != std::string::npos;
    if (const auto cache = read_file(kLoaderCache)) {
        for (const auto& [soname, path] : cached_libraries(*cache)) {
            if ((whole ? soname == name : soname.starts_with(name + ".so")) && is_elf(path)) return path;
        }
    }
    for (const char* const folder : kLibraryFolders) {
        if (!whole) {
            if (auto found = find_versioned(folder, name)) return found;
        } else if (is_elf(fs::path(folder) / name)) {
            return fs::path(folder) / name;
        }
    }
    return std::nullopt;
}

}  // namespace

Result<fs::path> find_binary(const std::string& name) {
    if (name.empty()) return Error{ErrorCode::invalid_argument, "no binary is given for a user space probe"};
    if (name.find('/') != std::string::npos) return fs::path(name);
    if (name.find(".so") == std::string::npos) {
        if (auto found = find_program(name)) return *found;
    }
    if (auto found = find_library(name)) return *found;
    return Error{ErrorCode::not_found,
                 "no program or library '" + name + "' is in the usual folders or the loader's cache",
                 "give its full path"};
}

}  // namespace gadget::runtime
