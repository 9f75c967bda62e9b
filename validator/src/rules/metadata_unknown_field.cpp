// SPDX-License-Identifier: Apache-2.0
#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_unknown_field(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, metadata, source, fields] : input.sources.described()) {
        if (source.schemas.empty()) continue;  // its struct is not known, which is a finding of its own
        for (const auto& [path, field] : metadata.fields) {
            if (fields.contains(path) || is_in_wasm(input.options, path.substr(path.rfind('.') + 1)))
                continue;
            report.misspelt("the metadata describes field " + quoted(path) + ", which data source " +
                                quoted(name) + " does not have",
                            path, field.source, *input.manifest, fields.names(),
                            "remove it, or add it to the struct");
        }
    }
}

}  // namespace gadget::validator
