// SPDX-License-Identifier: Apache-2.0
// gadget new: the folder of a new gadget.
#include <fmt/format.h>

#include "commands.h"
#include "gadget/templates.h"

namespace gadget::cli {
namespace {

int list_templates(const Context& context) {
    std::string text;
    for (const auto& known : templates::list())
        text += fmt::format("{:<12} {}\n", known.name, known.description);
    context.terminal.print(text);
    return context.terminal.output_status();
}

}  // namespace

int new_gadget(const NewOptions& options, const Context& context) {
    if (options.list) return list_templates(context);
    const auto folder = options.folder.empty() ? std::filesystem::path(options.name) : options.folder;
    if (const auto made = templates::create(options.name, options.template_name, folder); !made)
        return context.terminal.fail(made.error());
    context.terminal.print(
        fmt::format("made {0}: next, 'gadget build {0} -t {1}', 'gadget run {1}', 'gadget test {0}'\n",
                    folder.string(), options.name));
    return context.terminal.output_status();
}

}  // namespace gadget::cli
