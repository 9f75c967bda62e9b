// SPDX-License-Identifier: Apache-2.0
#include "stack_dump.h"

#include "gadget/support/text.h"

namespace gadget::builder {

std::string function_in_stack_dump(std::string_view text) {
    constexpr std::string_view kWords = " on function ";
    const std::size_t at = text.rfind(kWords);
    if (at == text.npos || at + kWords.size() >= text.size()) return {};
    const char quote = text[at + kWords.size()];
    std::string_view name = text.substr(at + kWords.size() + 1);
    const std::size_t end = name.find(quote);
    if (end == name.npos) return {};
    name = name.substr(0, end);
    if (name.starts_with('@')) name.remove_prefix(1);
    return printable(name);
}

}  // namespace gadget::builder
