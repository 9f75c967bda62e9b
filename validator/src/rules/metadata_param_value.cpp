// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cstdint>
#include <limits>

#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
namespace {

using enum model::FieldKind;

// Numbers as Go's strconv reads them with base 0: 12, 0x1f, 0o17, 0b1, 1_000.
std::string without_base(std::string text, int& base) {
    std::erase(text, '_');
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.erase(0, 1);
    base = 10;
    if (text.size() > 2 && text[0] == '0') {
        const char mark = static_cast<char>(text[1] | 0x20);
        base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
        if (base != 10) text.erase(0, 2);
    }
    return (negative ? "-" : "") + text;
}

template <class Number>
bool reads(const std::string& text, int base, Number least, Number most) {
    Number value{};
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return result.ec == std::errc{} && result.ptr == text.data() + text.size() && value >= least &&
           value <= most;
}

bool is_integer_of(const std::string& text, const model::Field& type) {
    int base = 10;
    const auto digits = without_base(text, base);
    const auto bits = type.element_size * 8;
    if (bits == 0 || bits > 64) return true;
    if (type.kind == signed_int) {
        const auto most = std::numeric_limits<std::int64_t>::max() >> (64 - bits);
        return reads<std::int64_t>(digits, base, -most - 1, most);
    }
    return reads<std::uint64_t>(digits, base, 0, std::numeric_limits<std::uint64_t>::max() >> (64 - bits));
}

// What the text has to be to become a value of the variable; empty when it is that.
std::string expected(const std::string& text, const model::VariableFacts& variable) {
    const auto& type = variable.type;
    if (type.kind == c_string) {
        return text.size() <= variable.size ? "" : "at most " + std::to_string(variable.size) + " bytes long";
    }
    if (type.is_array || !type.enum_name.empty() || text.empty()) return {};
    if (type.kind == boolean) {
        for (const auto* word :
             {"true", "false", "1", "0", "t", "f", "T", "F", "TRUE", "FALSE", "True", "False"}) {
            if (text == word) return {};
        }
        return "true or false";
    }
    if (type.kind == floating) {
        double value = 0;
        const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
        return result.ec == std::errc{} && result.ptr == text.data() + text.size() ? "" : "a number";
    }
    if (type.kind != signed_int && type.kind != unsigned_int) return {};
    if (is_integer_of(text, type)) return {};
    return std::string(type.kind == signed_int ? "a signed" : "an unsigned") + " integer of " +
           std::to_string(type.element_size * 8) + " bits";
}

}  // namespace

void check_metadata_param_value(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    const auto check = [&](const std::string& name, const std::string& value, const SourceRange& at) {
        const auto* variable = input.facts.find_variable(name);
        if (variable == nullptr) return;
        const auto wanted = expected(value, *variable);
        if (!wanted.empty())
            report.report("the default of parameter " + quoted(name) + " is " + quoted(value) +
                              ", but has to be " + wanted,
                          at);
    };
    for (const auto& [name, param] : input.manifest->ebpf_params)
        check(name, param.default_value,
              param.default_source.line == 0 ? param.source : param.default_source);
    for (const auto& variable : input.facts.params) {
        const auto found = input.manifest->param_defaults.find(
            lower_case("operator.oci.ebpf." + param_key(input, variable)));
        if (found != input.manifest->param_defaults.end())
            check(variable, found->second.value, found->second.source);
    }
}

}  // namespace gadget::validator
