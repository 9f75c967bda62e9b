// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_uid_clash(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, source] : input.sources.all()) {
        const auto metadata = input.manifest->datasources.find(name);
        for (const std::string_view type : {"gadget_uid", "gadget_gid"}) {
            std::map<std::string, std::string> seen;  // parent path -> first such field
            for (const auto* schema : source.schemas) {
                for (const auto& field : schema->fields) {
                    if (!field.has_type(type) || field.name.ends_with("_raw")) continue;
                    if (metadata != input.manifest->datasources.end()) {
                        const auto described = metadata->second.fields.find(field.path);
                        if (described != metadata->second.fields.end() &&
                            described->second.annotations.contains("uidgidresolver.target"))
                            continue;
                    }
                    const auto parent = field.path.substr(0, field.path.size() - field.name.size());
                    const auto [first, added] = seen.try_emplace(parent, field.path);
                    if (added) continue;
                    report.about_symbol(
                        "fields " + quoted(first->second) + " and " + quoted(field.path) +
                            " of data source " + quoted(name) + " both get their name in field " +
                            quoted(parent + (type == "gadget_uid" ? "user" : "group")) +
                            ": Inspektor Gadget does not start such a gadget",
                        schema->struct_name,
                        "end their names in '_raw', or annotate one with uidgidresolver.target");
                }
            }
        }
    }
}

}  // namespace gadget::validator
