// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "terminal.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace gadget::cli {

/// Says what is wrong with the command line, and what was perhaps meant. Returns the exit status.
int usage_error(const CLI::App& app, const CLI::ParseError& problem, int argc, char** argv,
                Terminal& terminal);

}  // namespace gadget::cli
