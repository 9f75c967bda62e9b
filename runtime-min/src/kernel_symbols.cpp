// SPDX-License-Identifier: Apache-2.0
#include "kernel_symbols.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <string_view>

#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"
#include "tracefs.h"

namespace gadget::runtime {
namespace {

#if defined(__x86_64__)
constexpr std::string_view kSyscallPrefix = "__x64_sys_";
#elif defined(__aarch64__)
constexpr std::string_view kSyscallPrefix = "__arm64_sys_";
#else
constexpr std::string_view kSyscallPrefix = "sys_";
#endif

constexpr std::array<std::string_view, 6> kArchForms{"__x64_sys_",   "__arm64_sys_",   "__riscv_sys_",
                                                     "__s390x_sys_", "__powerpc_sys_", "__ia32_sys_"};
constexpr std::array<std::string_view, 6> kOlderForms{"__SyS_", "SyS_",      "__sys_",
                                                      "sys_",   "__se_sys_", "__do_sys_"};

constexpr std::array<std::string_view, 7> kPrefixes{"__x64_sys_", "__arm64_sys_", "__ia32_sys_", "__se_sys_",
                                                    "__do_sys_",  "sys_",         "SyS_"};

}  // namespace

std::vector<std::string> syscall_symbols(const std::string& name) {
    std::string_view bare = name;
    for (const std::string_view prefix : kPrefixes) {
        if (bare.starts_with(prefix)) {
            bare.remove_prefix(prefix.size());
            break;
        }
    }
    std::vector<std::string> names{std::string(kSyscallPrefix) + std::string(bare)};
    for (const std::string_view prefix : {"__se_sys_", "sys_"}) {
        if (prefix != kSyscallPrefix) names.push_back(std::string(prefix) + std::string(bare));
    }
    return names;
}

Result<std::string> find_syscall(const std::filesystem::path& symbols, const std::string& name) {
    std::ifstream file(symbols);
    if (!file) return errno_error(errno, "reading '" + symbols.string() + "'");
    std::string line;
    std::string older;
    while (std::getline(file, line)) {
        const std::size_t type = line.find(' ');
        if (type == std::string::npos || type + 3 >= line.size()) continue;
        const std::string symbol = line.substr(type + 3, line.find_first_of("\t ", type + 3) - type - 3);
        if (!symbol.ends_with(name)) continue;
        const std::string_view form = std::string_view(symbol).substr(0, symbol.size() - name.size());
        if (std::ranges::find(kArchForms, form) != kArchForms.end()) return symbol;
        if (older.empty() && std::ranges::find(kOlderForms, form) != kOlderForms.end()) older = symbol;
    }
    if (older.empty())
        return Error{ErrorCode::not_found,
                     "this kernel has no system call '" + name + "' that can be probed"};
    return older;
}

std::string suggest_kernel_function(const std::string& name) {
    if (name.size() < 2) return {};
    std::ifstream symbols("/proc/kallsyms");
    std::vector<std::string> candidates;
    std::string line;
    while (std::getline(symbols, line)) {
        // "ffffffff816b7430 t do_sys_openat2 [module]"
        const std::size_t type = line.find(' ');
        if (type == std::string::npos || type + 3 >= line.size()) continue;
        if (line[type + 1] != 't' && line[type + 1] != 'T') continue;
        const std::size_t end = line.find_first_of("\t ", type + 3);
        std::string symbol = line.substr(type + 3, end == std::string::npos ? end : end - type - 3);
        // Most typing errors leave the first or the second letter alone; this keeps the comparison short.
        if (symbol.size() < 2 || (symbol[0] != name[0] && symbol[1] != name[1])) continue;
        candidates.push_back(std::move(symbol));
    }
    return did_you_mean(name, candidates);
}

Result<std::vector<std::string>> matching_kernel_functions(const std::vector<std::string>& patterns) {
    std::vector<std::string> names;
    std::vector<std::string> globs;
    for (const std::string& pattern : patterns) {
        (pattern.find_first_of("*?[") == std::string::npos ? names : globs).push_back(pattern);
    }
    if (!globs.empty()) {
        GADGET_TRY_ASSIGN(const UniqueFd tracefs, open_tracefs());
        std::ifstream functions("/proc/self/fd/" + std::to_string(tracefs.get()) +
                                "/available_filter_functions");
        if (!functions) {
            return Error{ErrorCode::unsupported, "this kernel does not list the functions that can be probed",
                         "give exact names",
                         Requirement{"available_filter_functions", "CONFIG_DYNAMIC_FTRACE"}};
        }
        std::string line;
        while (std::getline(functions, line)) {
            line.resize(std::min(line.size(), line.find_first_of(" \t")));  // "function [module]"
            for (const std::string& glob : globs) {
                if (fnmatch(glob.c_str(), line.c_str(), 0) == 0) names.push_back(line);
            }
        }
    }
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    if (names.empty())
        return Error{ErrorCode::not_found, "no kernel function matches '" + patterns.front() + "'"};
    return names;
}

}  // namespace gadget::runtime
