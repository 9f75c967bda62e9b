// SPDX-License-Identifier: Apache-2.0
#include "positionals.h"

#include <CLI/CLI.hpp>

#include "gadget/support/text.h"

namespace gadget::cli {

namespace {

constexpr int kMost = 100;  // of a repeated one

/// What the help says of a positional.
std::string meaning(const std::string& name) {
    if (name == "IMAGE") return "name of an image, as me/trace:v1 or localhost:5000/trace:v1";
    if (name == "NEW-NAME") return "another name for it";
    if (name == "REGISTRY") return "host of the registry, with its port if need be";
    if (name == "REPOSITORY") return "name of an image without its tag";
    if (name == "FILE") return "a file";
    if (name == "NAME") return "path without suffix";
    return {};
}

}  // namespace

void add_positionals(CLI::App& command, const std::string& grammar, std::vector<std::string>& words) {
    for (const auto part : split(grammar, ' ')) {
        std::string name(part);
        const bool optional = name.starts_with('[');
        const bool repeated = name.ends_with("...");
        if (optional) name = name.substr(1, name.size() - 2);
        if (repeated) name.resize(name.size() - 3);
        CLI::Option* option = nullptr;
        if (repeated) {
            option = command.add_option_function<std::vector<std::string>>(
                name,
                [&words](const std::vector<std::string>& given) {
                    words.insert(words.end(), given.begin(), given.end());
                },
                meaning(name));
            option->expected(1, kMost);
        } else {
            option = command.add_option_function<std::string>(
                name, [&words](const std::string& given) { words.push_back(given); }, meaning(name));
        }
        option->required(!optional)->type_name("");
    }
}

}  // namespace gadget::cli
