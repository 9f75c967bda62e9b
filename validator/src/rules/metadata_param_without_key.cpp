// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_param_without_key(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, param] : input.manifest->ebpf_params) {
        if (!param.key.empty()) continue;
        std::string key = printable(name);
        std::replace(key.begin(), key.end(), '_', '-');
        report.report("parameter " + quoted(name) + " has no key, the name of its flag", param.source,
                      "add: key: " + key);
    }
}

}  // namespace gadget::validator
