// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
namespace {

using enum model::FieldKind;

// What the text has to be to become a value of the variable; empty when it is that.
std::string expected(const std::string& text, const model::VariableFacts& variable) {
    const auto& type = variable.type;
    if (type.kind == c_string) {
        return text.size() <= variable.size ? "" : "at most " + std::to_string(variable.size) + " bytes long";
    }
    if (type.is_array || !type.enum_name.empty() || text.empty()) return {};
    if (type.kind == floating) {
        double value = 0;
        const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
        return result.ec == std::errc{} && result.ptr == text.data() + text.size() ? "" : "a number";
    }
    if (type.kind != boolean && type.kind != signed_int && type.kind != unsigned_int) return {};
    if (plain_value(text, type)) return {};
    if (type.kind == boolean) return "true or false";
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
    for (const auto& [name, param] : input.manifest->ebpf_params) {
        // A default that is replaced can do no harm: metadata-default-overridden.
        const auto* variable = input.facts.find_variable(name);
        if (variable == nullptr || !initial_text(*variable))
            check(name, param.default_value,
                  param.default_source.line == 0 ? param.source : param.default_source);
    }
    for (const auto& variable : input.facts.params) {
        const auto found = input.manifest->param_defaults.find(
            lower_case("operator.oci.ebpf." + param_key(input, variable)));
        if (found != input.manifest->param_defaults.end())
            check(variable, found->second.value, found->second.source);
    }
}

}  // namespace gadget::validator
