// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
namespace {

constexpr std::string_view kEbpf = "operator.oci.ebpf.";

std::vector<std::string> known_names(const Input& input) {
    std::vector<std::string> names;
    for (const auto* flag : {"trace-pipe", "map-fetch-interval", "map-fetch-count", "iface", "pf"})
        names.push_back(std::string(kEbpf) + flag);
    for (const auto& variable : input.facts.params)
        names.push_back(std::string(kEbpf) + param_key(input, variable));
    for (const auto& [name, param] : input.manifest->wasm_params)
        names.push_back("operator.oci.wasm." + (param.key.empty() ? name : param.key));
    for (const auto& [name, param] : input.manifest->custom_params) names.push_back("custom." + name);
    return names;
}

// Operators of the runtime have parameters that a gadget does not declare.
bool is_foreign(std::string_view name) {
    return name.starts_with("operator.") && !name.starts_with("operator.oci.ebpf.");
}

}  // namespace

void check_metadata_unknown_param_default(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    const auto names = known_names(input);
    std::vector<std::string> lower;
    for (const auto& name : names) lower.push_back(lower_case(name));
    for (const auto& [name, setting] : input.manifest->param_defaults) {
        if (is_foreign(name) || name.starts_with(std::string(kEbpf) + "pf-")) continue;
        if (std::find(lower.begin(), lower.end(), name) != lower.end()) continue;
        report.misspelt("paramDefaults names " + quoted(name) + ", which is no parameter of the gadget", name,
                        setting.source, *input.manifest, names,
                        "parameters are written with their full name, as in operator.oci.ebpf.<key>");
    }
}

}  // namespace gadget::validator
