// SPDX-License-Identifier: Apache-2.0
// Commands that speak to registries live in an executable of their own, 'gadget-registry': it needs libcurl,
// which cannot be part of a static executable.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "registry_words.h"
#include "terminal.h"

namespace gadget::cli {

/// "push", "pull", "login", "logout".
std::span<const RegistryWord> registry_commands();
/// What follows "image": "push", "sign", ...
std::span<const RegistryWord> registry_image_commands();

/// True when the words of the command line name one of these commands.
bool is_registry_command(int argc, char** argv);

/// gadget-registry, beside this executable or in PATH; `unsupported` when it is in neither.
Result<std::filesystem::path> registry_program();

/// Becomes gadget-registry, found beside this executable or in PATH. Returns only when that fails.
int become_registry(char** argv, Terminal& terminal);

}  // namespace gadget::cli
