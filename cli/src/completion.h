// SPDX-License-Identifier: Apache-2.0
// Completion scripts of shells, from the tree of commands.
#pragma once

#include <string>
#include <vector>

namespace gadget::cli {

struct CommandWords {
    std::string name;
    std::string description{};
    std::vector<std::string> options{};  ///< with their dashes
    std::vector<CommandWords> commands{};
};

enum class Shell { bash, zsh, fish };

/// A script to be sourced: commands and options are completed where they can stand, file names elsewhere.
[[nodiscard]] std::string completion_script(Shell shell, const CommandWords& program);

}  // namespace gadget::cli
