// SPDX-License-Identifier: Apache-2.0
#include "usage_error.h"

#include <CLI/CLI.hpp>

#include "exit_status.h"
#include "gadget/support/text.h"

namespace gadget::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> options_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
        for (const auto& name : option->get_snames()) names.push_back("-" + name);
    }
    return names;
}

/// The first of the words that looks like an option and is none.
std::string unknown_option(const std::vector<std::string>& known, std::span<char*> words) {
    for (const std::string word : words) {
        if (word == "--") break;
        const std::string name = word.substr(0, word.find('='));
        const bool is_short = name.size() > 1 && name[1] != '-';
        if (name.size() < 2 || name[0] != '-') continue;
        if (std::find(known.begin(), known.end(), is_short ? name.substr(0, 2) : name) == known.end())
            return name;
    }
    return {};
}

}  // namespace

int usage_error(const CLI::App& app, const CLI::ParseError& problem, int argc, char** argv,
                Terminal& terminal) {
    Error error{.code = ErrorCode::invalid_argument, .message = problem.what()};
    std::span<char*> words(argv, static_cast<std::size_t>(argc));
    words = words.subspan(std::min<std::size_t>(1, words.size()));
    const CLI::App* chosen = &app;
    std::string path = app.get_name();
    const auto named = [&](const CLI::App* command) { return command->get_name() == words.front(); };
    while (!words.empty()) {
        const auto commands = commands_of(*chosen);
        const auto found = std::find_if(commands.begin(), commands.end(), named);
        if (found == commands.end()) break;
        chosen = *found;
        path += " " + chosen->get_name();
        words = words.subspan(1);
    }
    const auto commands = commands_of(*chosen);
    if (!commands.empty() && !words.empty() && words.front()[0] != '-') {
        std::vector<std::string> names;
        for (const auto* command : commands) names.push_back(command->get_name());
        const std::string group = chosen == &app ? "" : path.substr(app.get_name().size() + 1) + " ";
        error.message = "unknown command '" + group + words.front() + "'";
        error.hint = did_you_mean(words.front(), names);
    } else if (problem.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError) ||
               !commands.empty()) {
        const auto known = options_of(*chosen);
        if (const std::string option = unknown_option(known, words); !option.empty()) {
            error.message = "unknown option '" + option + "'";
            error.hint = did_you_mean(option, known);
        }
    }
    if (error.hint.empty()) error.hint = "see '" + path + " --help'";
    (void)terminal.fail(error);
    return kUsage;
}

}  // namespace gadget::cli
