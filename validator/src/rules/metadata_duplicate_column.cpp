// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_duplicate_column(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    const auto sources = data_sources(input);
    for (const auto& [name, metadata] : input.manifest->datasources) {
        std::map<std::string, std::string> columns;  // column in lower case: its field
        if (const auto* source = find_source(sources, name)) {
            const auto fields = field_names(*source, metadata);
            for (const auto& field : fields.names()) {
                const auto described = metadata.fields.find(field);
                const bool renamed = described != metadata.fields.end() &&
                                     described->second.annotations.contains("columns.alias");
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
