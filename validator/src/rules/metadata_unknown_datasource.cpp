// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"
#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_unknown_datasource(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    std::vector<std::string> names;
    for (const auto& [name, source] : input.sources.all()) names.push_back(name);
    for (const auto& [name, metadata] : input.manifest->datasources) {
        if (is_operator_source(name) || input.sources.find(name) != nullptr) continue;
        if (is_in_wasm(input.options, name)) continue;
        std::string otherwise = "the gadget has no data source";
        if (!names.empty()) otherwise = "the gadget has " + printable(join_words(names));
        report.misspelt(
            "the metadata describes data source " + quoted(name) + ", which the gadget does not have", name,
            metadata.source, *input.manifest, names, otherwise);
    }
}

}  // namespace gadget::validator
