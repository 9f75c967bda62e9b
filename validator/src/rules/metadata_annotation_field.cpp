// SPDX-License-Identifier: Apache-2.0
// Annotations whose value is the name of a field, or of several.
#include <algorithm>
#include <iterator>

#include "gadget/support/text.h"
#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
namespace {

constexpr std::string_view kSourceKeys[] = {"pcap.payload",        "pcap.timestamp", "pcap.packet-length",
                                            "logs.body",           "logs.severity",  "profiles.stack-fields",
                                            "profiles.value-field"};
constexpr std::string_view kFieldKeys[] = {"columns.replace", "formatters.text.length"};

struct Place {
    const model::Annotations& annotations;
    const model::AnnotationSources& sources;
    const SourceRange& owner;
    std::string parent;  ///< where a sibling would be, "proc."
};

class FieldCheck {
  public:
    FieldCheck(const Input& input, const std::string& source, const model::DataSourceMetadata& metadata,
               const FieldNames& names, Reporter& report)
        : input_(input), source_(source), metadata_(metadata), names_(names), report_(report) {}

    void check(const Place& place, std::string_view key) {
        const auto found = place.annotations.find(std::string(key));
        if (found == place.annotations.end()) return;
        for (const auto word : split(found->second, ',')) {
            const auto field = trim(word);
            if (field.empty() || exists(std::string(field)) || exists(place.parent + std::string(field)) ||
                is_in_wasm(input_.options, field))
                continue;
            const auto at = place.sources.find(found->first);
            report_.misspelt("annotation " + quoted(key) + " names field " + quoted(field) +
                                 ", which data source " + quoted(source_) + " does not have",
                             field, at == place.sources.end() ? place.owner : at->second, *input_.manifest,
                             names_.names(), "name a field of the data source");
        }
    }

  private:
    // Fields that only the metadata has are for a rule of their own.
    [[nodiscard]] bool exists(const std::string& field) const {
        return names_.contains(field) || metadata_.fields.contains(field);
    }

    const Input& input_;
    const std::string& source_;
    const model::DataSourceMetadata& metadata_;
    const FieldNames& names_;
    Reporter& report_;
};

}  // namespace

void check_metadata_annotation_field(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, metadata, source, fields] : input.sources.described()) {
        FieldCheck check(input, name, metadata, fields, report);
        for (const auto key : kSourceKeys)
            check.check({metadata.annotations, metadata.annotation_sources, metadata.source, ""}, key);
        for (const auto& [path, field] : metadata.fields) {
            const auto dot = path.rfind('.');
            const Place place{field.annotations, field.annotation_sources, field.source,
                              dot == std::string::npos ? "" : path.substr(0, dot + 1)};
            for (const auto key : kFieldKeys) check.check(place, key);
        }
    }
}

void check_metadata_rest_length(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, metadata, source, names] : input.sources.described()) {
        const auto length = metadata.annotations.find("ebpf.rest.len");
        if (length == metadata.annotations.end()) continue;
        const auto at = metadata.annotation_sources.find("ebpf.rest.len");
        const auto& where = at == metadata.annotation_sources.end() ? metadata.source : at->second;
        if (!names.contains(length->second)) {
            report.misspelt("ebpf.rest.len names field " + quoted(length->second) + ", which data source " +
                                quoted(name) + " does not have: the gadget does not start",
                            length->second, where, *input.manifest, names.names(),
                            "name a field of type __u32");
            continue;
        }
        for (const auto* schema : source.schemas) {
            const auto* field = schema->find(length->second);
            if (field == nullptr || (field->kind == model::FieldKind::unsigned_int && field->size == 4))
                continue;
            report.report("ebpf.rest.len names field " + quoted(length->second) + ", which is no __u32",
                          where, "make it a __u32");
        }
    }
}

}  // namespace gadget::validator
