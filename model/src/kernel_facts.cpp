// SPDX-License-Identifier: Apache-2.0
#include "gadget/model/kernel_facts.h"

#include <algorithm>

namespace gadget::model {
namespace {

bool is_function_letter(char type) {
    return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

bool is_plain_name(const KernelSymbol& symbol) {
    return !symbol.name.empty() && symbol.type > ' ' &&
           std::all_of(symbol.name.begin(), symbol.name.end(),
                       [](char c) { return static_cast<unsigned char>(c) > ' '; });
}

}  // namespace

SymbolList SymbolList::of(std::vector<KernelSymbol> symbols) {
    std::erase_if(symbols, [](const KernelSymbol& symbol) { return !is_plain_name(symbol); });
    std::sort(symbols.begin(), symbols.end(), [](const KernelSymbol& a, const KernelSymbol& b) {
        if (a.name != b.name) return a.name < b.name;
        const bool function = is_function_letter(a.type);
        return function != is_function_letter(b.type) ? function : a.type < b.type;
    });
    SymbolList list;
    const KernelSymbol* last = nullptr;
    for (const auto& symbol : symbols) {
        if (last != nullptr && last->name == symbol.name) continue;
        list.text_ += symbol.name;
        list.text_ += {'\t', symbol.type, '\n'};
        last = &symbol;
    }
    return list;
}

Result<SymbolList> SymbolList::parse(std::string text) {
    constexpr std::size_t kLongestLine = 4096;
    const auto tail = std::string_view(text).substr(text.size() < 3 ? 0 : text.size() - 3);
    const auto first = std::string_view(text).substr(0, kLongestLine).find('\n');
    const bool fine =
        text.empty() || (tail.size() == 3 && tail[0] == '\t' && tail[2] == '\n' &&
                         first != std::string_view::npos && first >= 3 && text[first - 2] == '\t');
    if (!fine)
        return Error{.code = ErrorCode::corrupt_data, .message = "not a stored list of kernel symbols"};
    SymbolList list;
    list.text_ = std::move(text);
    return list;
}

// The start of the first line whose name is not less than `name`.
std::size_t SymbolList::lower_bound(std::string_view name) const {
    const std::string_view text = text_;
    std::size_t begin = 0;
    std::size_t end = text.size();
    while (begin < end) {
        const auto middle = begin + (end - begin) / 2;
        const auto before = middle == 0 ? std::string_view::npos : text.rfind('\n', middle - 1);
        const auto line = before == std::string_view::npos || before < begin ? begin : before + 1;
        const auto newline = std::min(text.find('\n', line), text.size() - 1);
        const auto entry = text.substr(line, newline - line);
        if (entry.substr(0, entry.find('\t')) < name)
            begin = newline + 1;
        else
            end = line;
    }
    return begin;
}

std::optional<char> SymbolList::find(std::string_view name) const {
    const auto rest = std::string_view(text_).substr(lower_bound(name));
    if (rest.size() < name.size() + 3 || !rest.starts_with(name) || rest[name.size()] != '\t')
        return std::nullopt;
    return rest[name.size() + 1];
}

bool SymbolList::has_function(std::string_view name) const {
    const auto type = find(name);
    return type && is_function_letter(*type);
}

bool SymbolList::has_prefix(std::string_view prefix) const {
    return std::string_view(text_).substr(lower_bound(prefix)).starts_with(prefix);
}

std::vector<std::string> SymbolList::functions_like(std::string_view name, std::size_t limit) const {
    std::vector<std::string> names;
    if (name.empty()) return names;
    const std::string_view text = text_;
    const std::size_t slack = name.size() / 4 + 1;
    for (auto line = lower_bound(name.substr(0, 1)); line < text.size() && names.size() < limit;) {
        if (text[line] != name[0]) break;
        const auto newline = std::min(text.find('\n', line), text.size());
        const auto entry = text.substr(line, newline - line);
        line = newline + 1;
        const auto tab = entry.find('\t');
        if (tab == std::string_view::npos || tab + 1 >= entry.size()) continue;
        const auto distance = tab > name.size() ? tab - name.size() : name.size() - tab;
        // A misspelling rarely leaves neither the beginning nor the end as it was.
        const auto half = std::min(tab, name.size()) / 2;
        const bool same_half = entry.substr(0, half) == name.substr(0, half) ||
                               entry.substr(tab - half, half) == name.substr(name.size() - half);
        if (distance <= slack && same_half && is_function_letter(entry[tab + 1]))
            names.emplace_back(entry.substr(0, tab));
    }
    return names;
}

}  // namespace gadget::model
