// SPDX-License-Identifier: Apache-2.0
// What metadata may speak of: the data sources and fields of an object, with those that Inspektor Gadget adds
// at run time, and the annotations that anything reads.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>

#include "rule.h"

namespace gadget::validator {

/// Whether an operator of the runtime makes this data source.
[[nodiscard]] bool is_operator_source(std::string_view name);

/// The full names of all fields that a data source has at run time.
class FieldNames {
  public:
    void add(std::string name);
    [[nodiscard]] bool contains(std::string_view path) const;
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  private:
    std::set<std::string, std::less<>> lower_;
    std::vector<std::string> names_;
};

/// A data source that markers declare. A map iterator has two schemas, key and value.
struct DataSource {
    std::vector<const model::EventSchema*> schemas;
};

/// One that the metadata speaks of, and that exists.
struct DescribedSource {
    const std::string& name;  ///< as the metadata writes it
    const model::DataSourceMetadata& metadata;
    const DataSource& source;
    FieldNames fields;
};

/// What the facts and the metadata say about data sources, worked out once for all rules. Points into both.
class DataSources {
  public:
    DataSources(const model::ObjectFacts& facts, const model::Manifest* manifest);
    DataSources(const DataSources&) = delete;
    DataSources& operator=(const DataSources&) = delete;

    [[nodiscard]] const std::map<std::string, DataSource>& all() const { return sources_; }
    /// As at run time: letter case does not matter.
    [[nodiscard]] const DataSource* find(std::string_view name) const;
    /// In the order of the metadata's names.
    [[nodiscard]] const std::vector<DescribedSource>& described() const { return described_; }
    /// The one that this part of the metadata speaks of, or nullptr.
    [[nodiscard]] const DescribedSource* described(const model::DataSourceMetadata& metadata) const;

  private:
    std::map<std::string, DataSource> sources_;
    std::vector<DescribedSource> described_;
};

/// Whether the Wasm module mentions the name, so that it may make such a data source or field.
[[nodiscard]] bool is_in_wasm(const Options& options, std::string_view name);

enum class AnnotationPlace : std::uint8_t { field, data_source };

[[nodiscard]] bool is_known_annotation(std::string_view key, AnnotationPlace place);
[[nodiscard]] std::span<const std::string> annotation_keys(AnnotationPlace place);
/// What the value of a known annotation has to be; empty when it is that.
[[nodiscard]] std::string expected_value(std::string_view key, std::string_view value, AnnotationPlace place);
[[nodiscard]] std::span<const std::string> template_names();
/// What Go's time.ParseDuration reads: "1500ms", "1h30m".
[[nodiscard]] bool is_duration(std::string_view text);
/// A whole number that is not negative.
[[nodiscard]] bool is_count(std::string_view text);

/// The flag of an eBPF parameter: well-known names first, then the key of the metadata, then the variable.
[[nodiscard]] std::string param_key(const Input& input, const std::string& variable);

/// The value that the text of a default stands for, written as initial_text() does: "0x10" is "16". nullopt
/// when it is none for a boolean or integer variable.
[[nodiscard]] std::optional<std::string> plain_value(const std::string& text, const model::Field& type);

/// The initial value of a boolean or integer that cannot change: at run time it replaces the default that
/// the metadata gives. nullopt for other variables.
[[nodiscard]] std::optional<std::string> initial_text(const model::VariableFacts& variable);

[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace gadget::validator
