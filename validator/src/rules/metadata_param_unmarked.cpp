// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_param_unmarked(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, param] : input.manifest->ebpf_params) {
        const auto& params = input.facts.params;
        if (input.facts.find_variable(name) == nullptr ||
            std::find(params.begin(), params.end(), name) != params.end())
            continue;
        report.report(
            "the metadata describes parameter " + quoted(name) + ", but its variable is not marked as one",
            param.source, "add GADGET_PARAM(" + printable(name) + "); to the program");
    }
}

}  // namespace gadget::validator
