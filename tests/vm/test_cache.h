// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>

namespace gadget::testkit {

/// Where the kernels of tests are kept, as the command line has it.
inline std::filesystem::path cache_folder() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return std::filesystem::path(value == nullptr ? "" : value);
    };
    if (const auto given = variable("GADGET_CACHE"); !given.empty()) return given;
    if (const auto given = variable("XDG_CACHE_HOME"); given.is_absolute()) return given / "gadgetkit";
    const auto home = variable("HOME");
    return (home.is_absolute() ? home : std::filesystem::path("/tmp")) / ".cache/gadgetkit";
}

}  // namespace gadget::testkit
