// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::runtime {

/// The name of a system call's function in a list like /proc/kallsyms: the form of an architecture
/// ("__x64_sys_open") wherever it stands, else the first of the older forms. `not_found` when there is
/// neither; `io` when the file cannot be read.
[[nodiscard]] Result<std::string> find_syscall(const std::filesystem::path& symbols, const std::string& name);

/// Names that the kernel may have for the entry of a system call, best first. Takes "openat", "sys_openat"
/// and any full form:
/// {"__x64_sys_openat", "__se_sys_openat", "sys_openat"}.
[[nodiscard]] std::vector<std::string> syscall_symbols(const std::string& name);

/// "did you mean 'do_unlinkat'?" out of /proc/kallsyms, or empty.
[[nodiscard]] std::string suggest_kernel_function(const std::string& name);

/// Every function that one of the patterns (fnmatch(3)) names and that the kernel lets probes into, sorted,
/// each once. Exact names are not looked up: the kernel judges them.
[[nodiscard]] Result<std::vector<std::string>> matching_kernel_functions(
    const std::vector<std::string>& patterns);

}  // namespace gadget::runtime
