// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_duplicate_column(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, metadata] : input.manifest->datasources) {
        const bool renames =
            std::any_of(metadata.fields.begin(), metadata.fields.end(),
                        [](const auto& field) { return field.second.annotations.contains("columns.alias"); });
        if (!renames) continue;
        std::map<std::string, std::string> columns;  // column in lower case: its field
        if (const auto* described = input.sources.described(metadata)) {
            for (const auto& field : described->fields.names()) {
                const auto known = metadata.fields.find(field);
                const bool renamed =
                    known != metadata.fields.end() && known->second.annotations.contains("columns.alias");
                if (!renamed) columns.emplace(lower_case(field), field);
            }
        }
        for (const auto& [path, field] : metadata.fields) {
            const auto alias = field.annotations.find("columns.alias");
            if (alias == field.annotations.end() || alias->second.empty()) continue;
            const auto [place, added] = columns.emplace(lower_case(alias->second), path);
            if (added || lower_case(place->second) == lower_case(path)) continue;
            const auto at = field.annotation_sources.find("columns.alias");
            report.report("fields " + quoted(place->second) + " and " + quoted(path) + " of data source " +
                              quoted(name) + " have the same column name " + quoted(alias->second),
                          at == field.annotation_sources.end() ? field.source : at->second,
                          "choose another columns.alias");
        }
    }
}

}  // namespace gadget::validator
