// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_custom_param(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, param] : input.manifest->custom_params) {
        const auto of = "parameter " + quoted(name) + " ";
        if (!param.has_patch) {
            report.report(of + "changes nothing: it has neither 'patch' nor 'values' with patches",
                          param.source, "say what it changes: params.custom." + printable(name) + ".patch");
        }
        for (const auto& [path, setting] : param.patch) {
            if (path.starts_with("params.custom"))
                report.report(of + "patches custom parameters, which is refused", setting.source);
        }
        const bool chosen =
            param.default_value.empty() || param.values.empty() ||
            std::find(param.values.begin(), param.values.end(), param.default_value) != param.values.end();
        if (!chosen) {
            report.report(
                of + "has the default " + quoted(param.default_value) + ", which is none of its values",
                param.source, "use " + printable(join_words(param.values, "or")));
        }
    }
}

}  // namespace gadget::validator
