// SPDX-License-Identifier: Apache-2.0
// The command lines of gadget test and gadget verifier.
#pragma once

#include <functional>
#include <vector>

#include "commands.h"

namespace CLI {
class App;
}

namespace gadget::cli {

/// Adds the commands; `chosen` is called when one was given. The caller adds "--arch".
CLI::App* add_test_command(CLI::App& app, TestOptions& options, std::function<void()> chosen);
std::vector<CLI::App*> add_verifier_command(CLI::App& app, VerifierOptions& options,
                                            std::function<void()> chosen);

}  // namespace gadget::cli
