// SPDX-License-Identifier: Apache-2.0
// gadget kernel ...: the kernels that tests run on.
#include <fmt/format.h>

#include "commands.h"
#include "exit_status.h"
#include "gadget/support/text.h"
#include "gadget/testkit/kernels.h"
#include "places.h"

namespace gadget::cli {
namespace {

std::vector<model::Arch> archs_or_host(const KernelOptions& options) {
    return options.archs.empty() ? std::vector{model::host_arch()} : options.archs;
}

Result<void> list(const testkit::KernelStore& store, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto kernels, store.list());
    std::string text = fmt::format("{:<10} {:<6} {:<32} {}\n", "KERNEL", "ARCH", "RELEASE", "PACKAGE");
    for (const auto& kernel : kernels) {
        text += fmt::format("{:<10} {:<6} {:<32} {} {}\n", kernel.id, model::to_string(kernel.arch),
                            printable(kernel.release), printable(kernel.package), printable(kernel.version));
    }
    text += "\nfetchable: " + join_words(testkit::known_kernel_ids()) + "\n";
    terminal.print(text);
    return {};
}

Result<void> perform(const KernelOptions& options, const Context& context) {
    GADGET_TRY_ASSIGN(const auto cache, cache_folder());
    testkit::KernelStore store(cache);
    if (options.action == "list") return list(store, context.terminal);
    if (options.action == "add") {
        GADGET_TRY_ASSIGN(const auto kernel,
                          store.add(options.arguments.at(0), archs_or_host(options).front(),
                                    options.arguments.at(1), context.cancel));
        context.terminal.say("added " + kernel.id);
        return {};
    }
    for (const auto& id : options.arguments) {
        for (const auto arch : archs_or_host(options)) {
            if (options.action == "remove") {
                GADGET_TRY(store.remove(id, arch));
                continue;
            }
            GADGET_TRY_ASSIGN(const auto kernel, store.fetch(id, arch, context.terminal, context.cancel));
            context.terminal.print(
                fmt::format("{} {} {}\n", kernel.id, model::to_string(arch), kernel.image.string()));
        }
    }
    return {};
}

}  // namespace

int kernel(const KernelOptions& options, const Context& context) {
    if (const auto done = perform(options, context); !done) return context.terminal.fail(done.error());
    return context.terminal.output_status();
}

}  // namespace gadget::cli
