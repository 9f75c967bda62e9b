// SPDX-License-Identifier: Apache-2.0
// Add a line to a table to allow an option.
#include "clang_options.h"

#include <algorithm>
#include <array>

#include "gadget/builder.h"

namespace gadget::builder {
namespace {

struct Allowed {
    std::string_view option;  // as the driver spells it
    std::string_view front_end;
};

// Options without a value.
constexpr std::array kPlain{
    Allowed{"-O1", "-O1"},
    Allowed{"-O2", "-O2"},
    Allowed{"-O3", "-O3"},
    Allowed{"-Os", "-Os"},
    Allowed{"-ffreestanding", "-ffreestanding"},
    Allowed{"-fms-extensions", "-fms-extensions"},
    Allowed{"-fno-builtin", "-fno-builtin"},
    Allowed{"-fno-jump-tables", "-fno-jump-tables"},
    Allowed{"-fno-strict-aliasing", "-relaxed-aliasing"},
    Allowed{"-fno-unroll-loops", "-fno-unroll-loops"},
    Allowed{"-fshort-enums", "-fshort-enums"},
    Allowed{"-funroll-loops", "-funroll-loops"},
    Allowed{"-fwrapv", "-fwrapv"},
};

constexpr std::array<std::string_view, 4> kProcessors{"v1", "v2", "v3", "v4"};
constexpr std::array<std::string_view, 8> kStandards{"c99",   "c11",   "c17",   "c2x",
                                                     "gnu99", "gnu11", "gnu17", "gnu2x"};

bool is_identifier(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !text.empty() && letter(text[0]) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

template <class List>
std::string joined(std::string_view start, const List& values) {
    std::string text(start);
    for (const std::string_view value : values) {
        if (!text.ends_with('=')) text += '|';
        text += value;
    }
    return text;
}

template <class List>
bool holds(const List& values, std::string_view value) {
    return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

std::optional<std::vector<std::string>> front_end_form(std::string_view option) {
    for (const Allowed& allowed : kPlain) {
        if (allowed.option == option) return std::vector<std::string>{std::string(allowed.front_end)};
    }
    const auto value_of = [&](std::string_view name) {
        return option.starts_with(name) ? option.substr(name.size()) : std::string_view();
    };
    if (const auto value = value_of("-mcpu="); holds(kProcessors, value))
        return std::vector<std::string>{"-target-cpu", std::string(value)};
    if (const auto value = value_of("-std="); holds(kStandards, value))
        return std::vector<std::string>{std::string(option)};
    if (const auto value = value_of("-fno-builtin-"); is_identifier(value))
        return std::vector<std::string>{std::string(option)};
    if (const auto value = value_of("-U"); is_identifier(value))
        return std::vector<std::string>{"-U", std::string(value)};
    return std::nullopt;
}

std::vector<std::string> allowed_options() {
    std::vector<std::string> options;
    for (const Allowed& allowed : kPlain) options.emplace_back(allowed.option);
    options.push_back("-fno-builtin-NAME");
    options.push_back(joined("-mcpu=", kProcessors));
    options.push_back(joined("-std=", kStandards));
    options.push_back("-UNAME");
    return options;
}

}  // namespace gadget::builder
