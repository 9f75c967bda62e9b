// SPDX-License-Identifier: Apache-2.0
#include "completion.h"

#include <fmt/format.h>

namespace gadget::cli {
namespace {

void append(std::string& list, const std::string& word) {
    if (!list.empty()) list += ' ';
    list += word;
}

std::string option_words(const CommandWords& command) {
    std::string list;
    for (const auto& option : command.options) append(list, option);
    return list;
}

std::string command_words(const CommandWords& command) {
    std::string list;
    for (const auto& inner : command.commands) append(list, inner.name);
    return list;
}

/// One case of the script for each command: "image tag) words='--help'; names='' ;;"
void add_cases(std::string& cases, const CommandWords& command, const std::string& path) {
    cases += fmt::format("        '{}') options='{}'; commands='{}' ;;\n", path, option_words(command),
                         command_words(command));
    for (const auto& inner : command.commands)
        add_cases(cases, inner, path.empty() ? inner.name : path + " " + inner.name);
}

// The command under the cursor is found by following the words that are commands, as far as they go.
std::string bash_script(const CommandWords& program) {
    std::string cases;
    add_cases(cases, program, "");
    return fmt::format(R"script(# Completion of {0} for bash: source <({0} completion bash)
_{1}_words() {{
    case $1 in
{2}        *) return 1 ;;
    esac
}}
_{1}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} path='' next options commands i
    for ((i = 1; i < COMP_CWORD; i++)); do
        next="${{path:+$path }}${{COMP_WORDS[i]}}"
        if _{1}_words "$next"; then path=$next; fi
    done
    _{1}_words "$path"
    case $word in
        -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
        *) COMPREPLY=($(compgen -W "$commands" -- "$word")) ;;
    esac
}}
complete -o default -F _{1} {0}
)script",
                       program.name, program.name == "gadget" ? "gadget" : "gadget_run", cases);
}

std::string zsh_script(const CommandWords& program) {
    return "#compdef " + program.name + "\nautoload -U +X bashcompinit && bashcompinit\n" +
           bash_script(program);
}

std::string fish_quoted(const std::string& text) {
    std::string result = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') result += '\\';
        result += c;
    }
    return result + "'";
}

void add_fish(std::string& script, const CommandWords& program, const CommandWords& command,
              const std::string& condition) {
    for (const auto& inner : command.commands) {
        script += fmt::format("complete -c {} -n {} -a {} -d {}\n", program.name, fish_quoted(condition),
                              inner.name, fish_quoted(inner.description));
    }
    for (const auto& option : command.options) {
        const bool is_long = option.starts_with("--");
        script += fmt::format("complete -c {} -n {} -{} {}\n", program.name, fish_quoted(condition),
                              is_long ? 'l' : 's', option.substr(is_long ? 2 : 1));
    }
}

std::string fish_script(const CommandWords& program) {
    std::string script =
        fmt::format("# Completion of {0} for fish: {0} completion fish | source\n", program.name);
    add_fish(script, program, program, "__fish_use_subcommand");
    for (const auto& command : program.commands) {
        std::string condition = "__fish_seen_subcommand_from " + command.name;
        if (!command.commands.empty()) {
            add_fish(script, program, command,
                     condition + "; and not __fish_seen_subcommand_from " + command_words(command));
        } else {
            add_fish(script, program, command, condition);
        }
        for (const auto& inner : command.commands)
            add_fish(script, program, inner, condition + "; and __fish_seen_subcommand_from " + inner.name);
    }
    return script;
}

}  // namespace

std::string completion_script(Shell shell, const CommandWords& program) {
    switch (shell) {
        case Shell::bash:
            return bash_script(program);
        case Shell::zsh:
            return zsh_script(program);
        case Shell::fish:
            return fish_script(program);
    }
    return {};
}

}  // namespace gadget::cli
