// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
void check_metadata_param_ignored_key(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, param] : input.manifest->ebpf_params) {
        for (const auto& other : param.others) {
            report.report(quoted(other.key) + " of parameter " + quoted(name) +
                              " has no effect: of eBPF parameters, Inspektor Gadget reads key, defaultValue "
                              "and description",
                          other.source, "remove it, or say it in the description");
        }
    }
    for (const auto& [name, param] : input.manifest->wasm_params) {
        for (const auto& other : param.others) {
            if (other.key != "type") continue;
            report.report("'type' of Wasm parameter " + quoted(name) + " is not read when the gadget runs",
                          other.source, "write typeHint");
        }
    }
}

}  // namespace gadget::validator
