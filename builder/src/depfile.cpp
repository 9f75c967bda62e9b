// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gadget/builder.h"

namespace gadget::builder {
namespace {

// What has no spelling that GNU make and ninja both understand.
bool unspeakable(std::string_view name) {
    const auto refused = [](char c) {
        return (static_cast<unsigned char>(c) < 0x20) ||
               std::string_view("'\"`;|*?&=<>\x7f").find(c) != std::string_view::npos;
    };
    return std::any_of(name.begin(), name.end(), refused) || name.ends_with('\\') ||
           name.find("\\:") != name.npos;
}

// The escapes that both take back: "\ ", "\#" and "\:", "$$", and backslashes doubled only where one of the
// first two follows.
Result<std::string> escaped(const std::filesystem::path& path) {
    const std::string name = path.string();
    if (unspeakable(name)) {
        return Error{
            ErrorCode::invalid_argument,
            "a dependency file cannot name '" + name + "': make or ninja would take it for something else",
            "rename the file: letters, digits, spaces and .,_+-#$%()[]: are fine"};
    }
    std::string text;
    std::size_t backslashes = 0;
    for (const char c : name) {
        if (c == ' ' || c == '#' || c == ':') text += std::string(backslashes + 1, '\\');
        if (c == '$') text += '$';
        backslashes = c == '\\' ? backslashes + 1 : 0;
        text += c;
    }
    return text;
}

}  // namespace

Result<std::string> depfile(std::span<const Output> outputs, const std::filesystem::path& target) {
    GADGET_TRY_ASSIGN(std::string rule, escaped(target));
    rule += ':';
    std::string phony;
    std::vector<std::filesystem::path> seen;
    for (const Output& output : outputs) {
        for (const std::filesystem::path& input : output.inputs) {
            if (std::find(seen.begin(), seen.end(), input) != seen.end()) continue;
            seen.push_back(input);
            GADGET_TRY_ASSIGN(const std::string name, escaped(input));
            rule += " \\\n  " + name;
            if (&input != &output.inputs.front()) phony += name + ":\n";
        }
    }
    return rule + '\n' + phony;
}

}  // namespace gadget::builder
