// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "rules.h"

namespace gadget::validator {
void check_metadata_duplicate_param_key(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    std::map<std::string_view, std::string_view> seen;
    for (const auto& [name, param] : input.manifest->ebpf_params) {
        if (param.key.empty()) continue;
        const auto [first, added] = seen.try_emplace(param.key, name);
        if (added) continue;
        report.report("parameters " + quoted(first->second) + " and " + quoted(name) + " have the same key " +
                          quoted(param.key),
                      param.source, "give one of them another key");
    }
}

}  // namespace gadget::validator
