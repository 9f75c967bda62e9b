// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cmd_registry.h"

namespace gadget::cli {

/// The command line of 'gadget-registry', which is that of 'gadget' with fewer commands.
int dispatch_registry(int argc, char** argv, const Context& context);

}  // namespace gadget::cli
