// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "run_options.h"

namespace CLI {
class App;
}

namespace gadget::cli {

/// Adds the command 'run'. When it was given, `chosen` is called with the text of its help if that is wanted
/// instead of a run, else with an empty one; `options` must live until then.
void add_run_command(CLI::App& app, RunOptions& options,
                     const std::function<void(const std::string& help)>& chosen);

}  // namespace gadget::cli
