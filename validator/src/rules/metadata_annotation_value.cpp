// SPDX-License-Identifier: Apache-2.0
#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
void check_metadata_annotation_value(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    const auto check = [&](const model::Annotations& annotations, const model::AnnotationSources& sources,
                           const SourceRange& owner, AnnotationPlace place) {
        for (const auto& [key, value] : annotations) {
            const auto expected = expected_value(key, value, place);
            if (expected.empty()) continue;
            const auto at = sources.find(key);
            report.report(
                "annotation " + quoted(key) + " is " + quoted(value) + ", but has to be " + expected,
                at == sources.end() ? owner : at->second);
        }
    };
    for (const auto& [name, source] : input.manifest->datasources) {
        check(source.annotations, source.annotation_sources, source.source, AnnotationPlace::data_source);
        for (const auto& [path, field] : source.fields)
            check(field.annotations, field.annotation_sources, field.source, AnnotationPlace::field);
    }
}

}  // namespace gadget::validator
