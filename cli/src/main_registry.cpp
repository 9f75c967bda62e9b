// SPDX-License-Identifier: Apache-2.0
// The executable 'gadget-registry': the commands that speak to registries, and those that sign. 'gadget'
// starts it; it needs libcurl and OpenSSL of the machine, so it is linked dynamically.
#include "cmd_registry_arguments.h"
#include "interrupt.h"

int main(int argc, char** argv) {
    const gadget::cli::Interrupt interrupt;
    gadget::cli::Terminal terminal;
    return gadget::cli::dispatch_registry(argc, argv, {.terminal = terminal, .cancel = interrupt.token()});
}
