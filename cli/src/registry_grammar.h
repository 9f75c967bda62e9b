// SPDX-License-Identifier: Apache-2.0
// The words and options of the commands in 'gadget-registry'. 'gadget', which starts it, knows them for its
// help and for the completion of shells.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "commands.h"
#include "registry_words.h"

namespace CLI {
class App;
}

namespace gadget::cli {

struct RegistryCommand {
    std::string action;  ///< push, pull, login, logout, tags, delete, referrers, sign, verify, generate-key
    std::vector<std::string> arguments;
    // How registries are spoken to.
    std::vector<std::string> insecure;  ///< registries without TLS
    std::filesystem::path ca_file;
    std::filesystem::path auth_file;
    std::string username;
    bool password_stdin = false;
    bool bare = false;  ///< without what is attached to the image
    // Keys.
    std::vector<std::filesystem::path> keys;
    std::filesystem::path policy_file;
    bool passphrase_stdin = false;
    bool as_referrer = false;
    bool encrypted = false;
    OutputFormat format = OutputFormat::text;
};

/// Adds a command to `parent`; when it is chosen, `command` says so and has its options.
void add_registry_command(CLI::App& parent, const RegistryWord& word, RegistryCommand& command);

}  // namespace gadget::cli
