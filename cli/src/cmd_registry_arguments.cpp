// SPDX-License-Identifier: Apache-2.0
#include "cmd_registry_arguments.h"

#include <CLI/CLI.hpp>

#include "exit_status.h"
#include "registry_exec.h"
#include "usage_error.h"

namespace gadget::cli {

int dispatch_registry(int argc, char** argv, const Context& context) {
    CLI::App app{"Pushes, pulls and signs images of gadgets.", "gadget"};
    app.require_subcommand(1);
    RegistryCommand command;
    for (const auto& word : registry_commands()) add_registry_command(app, word, command);
    auto* group = app.add_subcommand("image", "Images in registries, and their signatures");
    group->require_subcommand(1);
    for (const auto& word : registry_image_commands()) add_registry_command(*group, word, command);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success&) {
        context.terminal.print(app.help("", CLI::AppFormatMode::Normal));
        return context.terminal.output_status();
    } catch (const CLI::ParseError& problem) {
        return usage_error(app, problem, argc, argv, context.terminal);
    }
    return registry(command, context);
}

}  // namespace gadget::cli
