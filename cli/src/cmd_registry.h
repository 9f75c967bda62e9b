// SPDX-License-Identifier: Apache-2.0
// The commands of 'gadget-registry': options in, exit status out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "commands.h"
#include "gadget/packager/policy.h"
#include "gadget/packager/registry.h"
#include "registry_grammar.h"

namespace gadget::cli {

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

Result<packager::Store> open_store(const Context& context);

/// Where accounts are looked up: --authfile, the environment, the files of Podman and Docker.
packager::CredentialSource account_source(const RegistryCommand& command);

/// One line of secret text from stdin, without its line end; echo is off on a terminal, which sees `prompt`.
Result<std::string> read_secret(const std::string& prompt, bool from_stdin, CancelToken cancel);

}  // namespace gadget::cli
