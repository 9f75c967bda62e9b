// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
namespace {

struct Value {
    std::string text;
    SourceRange source{};
};

std::optional<Value> value_of(const model::Annotations& annotations, const model::AnnotationSources& sources,
                              const std::string& key) {
    const auto found = annotations.find(key);
    if (found == annotations.end()) return std::nullopt;
    const auto at = sources.find(key);
    return Value{found->second, at == sources.end() ? SourceRange{} : at->second};
}

std::optional<Value> value_of(const model::Settings& settings, const std::string& key) {
    const auto found = settings.find(key);
    if (found == settings.end()) return std::nullopt;
    return Value{found->second.value, found->second.source};
}

bool is_zero(std::string_view duration) {
    return is_duration(duration) && duration.find_first_of("123456789") == std::string_view::npos;
}

bool is_more_than_one(const std::string& text) {
    long count = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), count);
    return result.ec == std::errc{} && count > 1;
}

void check(const std::optional<Value>& interval, const std::optional<Value>& count, const std::string& what,
           Reporter& report) {
    if (!interval || !count || !is_zero(interval->text) || !is_more_than_one(count->text)) return;
    report.report(
        what + " is fetched " + quoted(count->text) + " times without an interval: the gadget does not start",
        count->source, "give an interval such as 1s, or remove the count");
}

}  // namespace

void check_metadata_fetch_schedule(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    for (const auto& [name, metadata] : input.manifest->datasources) {
        check(value_of(metadata.annotations, metadata.annotation_sources, "fetch-interval"),
              value_of(metadata.annotations, metadata.annotation_sources, "fetch-count"),
              "data source " + quoted(name), report);
    }
    if (input.facts.map_iterators.empty()) return;
    check(value_of(input.manifest->param_defaults, "operator.oci.ebpf.map-fetch-interval"),
          value_of(input.manifest->param_defaults, "operator.oci.ebpf.map-fetch-count"), "each map", report);
}

}  // namespace gadget::validator
