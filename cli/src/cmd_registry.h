// SPDX-License-Identifier: Apache-2.0
// The commands of 'gadget-registry': options in, exit status out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "commands.h"
#include "gadget/packager/policy.h"
#include "gadget/packager/registry.h"

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

/// Runs the action that `command` names.
int registry(const RegistryCommand& command, const Context& context);

// The actions, one group a file. Each prints its result.
Result<void> push_image(const RegistryCommand& command, const Context& context);
Result<void> pull_image(const RegistryCommand& command, const Context& context);
Result<void> list_tags(const RegistryCommand& command, const Context& context);
Result<void> delete_remote(const RegistryCommand& command, const Context& context);
Result<void> list_referrers(const RegistryCommand& command, const Context& context);
Result<void> login(const RegistryCommand& command, const Context& context);
Result<void> logout(const RegistryCommand& command, const Context& context);
Result<void> sign_stored_image(const RegistryCommand& command, const Context& context);
Result<void> verify_stored_image(const RegistryCommand& command, const Context& context);
Result<void> generate_key(const RegistryCommand& command, const Context& context);

/// Checks an image against the policy in `file`, which names its keys relative to itself.
Result<packager::PolicyVerdict> check_policy_file(const std::filesystem::path& file,
                                                  const packager::Layout& layout,
                                                  const packager::Descriptor& root, const std::string& name);

/// Where accounts are looked up: --authfile, the environment, the files of Podman and Docker.
packager::CredentialSource account_source(const RegistryCommand& command);

/// One line of secret text from stdin, without its line end; echo is off on a terminal, which sees `prompt`.
Result<std::string> read_secret(const std::string& prompt, bool from_stdin);

}  // namespace gadget::cli
