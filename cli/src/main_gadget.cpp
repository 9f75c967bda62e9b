// SPDX-License-Identifier: Apache-2.0
// The executable 'gadget': every command, with the compiler inside.
#include "arguments.h"
#include "folder_loader.h"
#include "gadget/builder.h"
#include "gadget/testkit/guest.h"
#include "interrupt.h"

int main(int argc, char** argv) {
    // Three lives besides the command line: a compilation, a test agent, a stimulus. They must come first.
    if (gadget::builder::is_compiler_child(argc, argv))
        return gadget::builder::compiler_child_main(argc, argv);
    if (gadget::testkit::is_guest_invocation(argc, argv)) return gadget::testkit::guest_main(argc, argv);

    const gadget::cli::Interrupt interrupt;
    gadget::cli::Terminal terminal;
    return gadget::cli::dispatch(argc, argv,
                                 {.terminal = terminal,
                                  .cancel = interrupt.token(),
                                  .load_folder = gadget::cli::folder_loader(interrupt.token()),
                                  .build = gadget::cli::build,
                                  .test = gadget::cli::test,
                                  .verifier = gadget::cli::verifier});
}
