// SPDX-License-Identifier: Apache-2.0
// The executable 'gadget-run': small, static, without the compiler; also PID 1 of test machines.
#include "arguments.h"
#include "gadget/testkit/guest.h"
#include "interrupt.h"

int main(int argc, char** argv) {
    if (gadget::testkit::is_guest_invocation(argc, argv)) return gadget::testkit::guest_main(argc, argv);

    const gadget::cli::Interrupt interrupt;
    gadget::cli::Terminal terminal;
    return gadget::cli::dispatch(argc, argv, {.terminal = terminal, .cancel = interrupt.token()});
}
