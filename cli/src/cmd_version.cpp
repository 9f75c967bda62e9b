// SPDX-License-Identifier: Apache-2.0
#include "commands.h"
#include "version.h"

namespace gadget::cli {

int version(const Context& context) {
    context.terminal.print(std::string("gadget ") + kVersion + " (" +
                           std::string(model::to_string(model::host_arch())) + ")\n");
    return context.terminal.output_status();
}

}  // namespace gadget::cli
