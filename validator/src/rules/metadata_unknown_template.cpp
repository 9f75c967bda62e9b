// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gadget/support/text.h"
#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_unknown_template(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    const auto templates = template_names();
    for (const auto& [name, source] : input.manifest->datasources) {
        for (const auto& [path, field] : source.fields) {
            const auto value = field.annotations.find("template");
            if (value == field.annotations.end()) continue;
            if (std::find(templates.begin(), templates.end(), value->second) != templates.end()) continue;
            const auto at = field.annotation_sources.find("template");
            report.misspelt("field " + quoted(path) + " uses template " + quoted(value->second) +
                                ", which does not exist",
                            value->second, at == field.annotation_sources.end() ? field.source : at->second,
                            *input.manifest, templates, "the templates are " + join_words(templates));
        }
    }
}

}  // namespace gadget::validator
