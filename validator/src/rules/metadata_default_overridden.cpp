// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cstring>

#include "rules.h"

namespace gadget::validator {
namespace {

using enum model::FieldKind;

// The initial value of a variable as text, as Inspektor Gadget writes it; nullopt for other kinds.
std::optional<std::string> initial_text(const model::VariableFacts& variable) {
    const auto& type = variable.type;
    if (type.is_array || !variable.is_const || variable.initial.size() != variable.size || variable.size > 8)
        return std::nullopt;
    std::uint64_t bits = 0;
    std::memcpy(&bits, variable.initial.data(), variable.initial.size());
    if (type.kind == boolean) return bits != 0 ? "true" : "false";
    if (type.kind == unsigned_int) return std::to_string(bits);
    if (type.kind != signed_int) return std::nullopt;
    const auto shift = 64 - variable.size * 8;
    return std::to_string(static_cast<std::int64_t>(bits << shift) >> shift);
}

}  // namespace

void check_metadata_default_overridden(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& name : input.facts.params) {
        const auto* variable = input.facts.find_variable(name);
        const auto param = input.manifest->ebpf_params.find(name);
        if (variable == nullptr || param == input.manifest->ebpf_params.end()) continue;
        const auto& text = param->second.default_value;
        const auto initial = initial_text(*variable);
        // What is no such value, or written in another base, is for metadata-param-value.
        const bool word = text == "true" || text == "false";
        const bool number = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
            return std::isdigit(c) != 0 || c == '-';
        });
        if (!initial || text == *initial || (variable->type.kind == boolean ? !word && !number : !number))
            continue;
        if (variable->type.kind == boolean && (text == "1" || text == "0") &&
            (text == "1") == (*initial == "true"))
            continue;
        report.report(
            "the default " + quoted(text) + " of parameter " + quoted(name) +
                " has no effect: the initial value in the source, " + *initial + ", counts",
            param->second.default_source.line == 0 ? param->second.source : param->second.default_source,
            "write " + *initial + " here, or change the source, or use paramDefaults");
    }
}

}  // namespace gadget::validator
