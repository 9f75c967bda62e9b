// SPDX-License-Identifier: Apache-2.0
// Positional arguments that a command keeps as a list of words.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace gadget::cli {

/// Adds what `grammar` names to `command`: "IMAGE [NEW-NAME]", "IMAGE...". Only the last may be optional or
/// repeated. What the user gives is appended to `words`, in order.
void add_positionals(CLI::App& command, const std::string& grammar, std::vector<std::string>& words);

}  // namespace gadget::cli
