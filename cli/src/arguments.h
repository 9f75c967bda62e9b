// SPDX-License-Identifier: Apache-2.0
// Command line to command. The only file that knows CLI11 is arguments.cpp.
#pragma once

#include "commands.h"

namespace gadget::cli {

/// Parses the words, runs the command that they name, and returns its exit status. Commands that need the
/// compiler are offered when the context has it. Usage errors go to stderr with status 2.
int dispatch(int argc, char** argv, const Context& context);

}  // namespace gadget::cli
