// SPDX-License-Identifier: Apache-2.0
#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_unknown_annotation(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    const auto check = [&](const model::Annotations& annotations, const model::AnnotationSources& sources,
                           const SourceRange& owner, AnnotationPlace place, const std::string& what) {
        for (const auto& [key, value] : annotations) {
            if (is_known_annotation(key, place)) continue;
            const auto at = sources.find(key);
            std::string otherwise = "nothing reads it: remove it";
            if (is_known_annotation(key, place == AnnotationPlace::field ? AnnotationPlace::data_source
                                                                         : AnnotationPlace::field)) {
                otherwise = place == AnnotationPlace::field ? "it belongs to the data source"
                                                            : "it belongs to a field";
            }
            report.misspelt("unknown annotation " + quoted(key) + " of " + what, key,
                            at == sources.end() ? owner : at->second, *input.manifest, annotation_keys(place),
                            otherwise);
        }
    };
    for (const auto& [name, source] : input.manifest->datasources) {
        check(source.annotations, source.annotation_sources, source.source, AnnotationPlace::data_source,
              "data source " + quoted(name));
        for (const auto& [path, field] : source.fields) {
            check(field.annotations, field.annotation_sources, field.source, AnnotationPlace::field,
                  "field " + quoted(path));
        }
    }
}

}  // namespace gadget::validator
