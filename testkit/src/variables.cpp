// SPDX-License-Identifier: Apache-2.0
#include "variables.h"

#include <vector>

#include "gadget/support/text.h"

namespace gadget::testkit {

Result<std::string> substitute(std::string_view text, const Variables& variables) {
    std::string result;
    while (true) {
        const auto start = text.find("${");
        if (start == std::string_view::npos) return result.append(text);
        if (start > 0 && text[start - 1] == '$') {
            result.append(text.substr(0, start - 1)).append("${");
            text.remove_prefix(start + 2);
            continue;
        }
        const auto end = text.find('}', start);
        if (end == std::string_view::npos) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "'" + std::string(text.substr(start)) + "' has no closing brace"};
        }
        const std::string name(text.substr(start + 2, end - start - 2));
        const auto found = variables.find(name);
        if (found == variables.end()) {
            std::vector<std::string> names;
            for (const auto& [known, value] : variables) names.push_back(known);
            return Error{.code = ErrorCode::rejected_input,
                         .message = "no variable '" + name + "'",
                         .hint = names.empty() ? "" : "known here: " + join_words(names)};
        }
        result.append(text.substr(0, start)).append(found->second);
        text.remove_prefix(end + 1);
    }
}

}  // namespace gadget::testkit
