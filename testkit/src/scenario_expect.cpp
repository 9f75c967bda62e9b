// SPDX-License-Identifier: Apache-2.0
#include "scenario_expect.h"

#include <array>

namespace gadget::testkit {
namespace {

constexpr std::array<std::string_view, 4> kExpectKeys{"event", "none", "order", "count"};
constexpr std::array<std::string_view, 6> kMatchKeys{"regex", "contains", "min", "max", "not", "absent"};

double real(YamlReader& reader, const YAML::Node& node) {
    const auto text = reader.scalar(node, "a bound");
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size() || text.empty()) {
        reader.error(node, "scenario-number", "a bound must be a number");
    }
    return value;
}

void read_condition(YamlReader& reader, const YAML::Node& node, FieldMatch& match) {
    using Kind = FieldMatch::Kind;
    reader.check_keys(node, "a condition", kMatchKeys);
    const bool range = node["min"] || node["max"];
    if (node.size() != (range && node["min"] && node["max"] ? 2U : 1U)) {
        return reader.error(node, "scenario-condition",
                            "a condition is one of regex, contains, not, absent, or min and max");
    }
    if (range) {
        match.kind = Kind::range;
        if (node["min"]) match.minimum = real(reader, node["min"]);
        if (node["max"]) match.maximum = real(reader, node["max"]);
        return;
    }
    const auto key = node.begin()->first.Scalar();
    match.kind = key == "regex"      ? Kind::regex
                 : key == "contains" ? Kind::contains
                 : key == "not"      ? Kind::not_equals
                                     : Kind::absent;
    match.values.push_back(reader.scalar(node.begin()->second, "'" + key + "'"));
    if (match.kind == Kind::absent && match.values[0] != "true")
        reader.error(node, "scenario-condition", "write 'absent: true'");
}

void read_match(YamlReader& reader, const YAML::Node& node, FieldMatch& match) {
    using Kind = FieldMatch::Kind;
    if (node.IsScalar()) {
        match.values.push_back(node.Scalar());
    } else if (node.IsNull()) {
        match.values.emplace_back();
    } else if (node.IsSequence()) {
        match.kind = Kind::one_of;
        for (const auto& entry : node)
            match.values.push_back(reader.scalar(entry, "a value of '" + match.field + "'"));
    } else {
        read_condition(reader, node, match);
    }
}

void read_count(YamlReader& reader, const YAML::Node& node, Expectation& expectation) {
    if (!node.IsMap()) {
        if (const auto exact = reader.number(node, "'count'"))
            expectation.minimum = expectation.maximum = *exact;
        return;
    }
    constexpr std::array<std::string_view, 2> kCountKeys{"min", "max"};
    reader.check_keys(node, "'count'", kCountKeys);
    if (const auto minimum = node["min"]) expectation.minimum = reader.number(minimum, "'min'").value_or(0);
    if (const auto maximum = node["max"]) {
        expectation.maximum = reader.number(maximum, "'max'").value_or(0);
        if (!node["min"]) expectation.minimum = 0;
    }
    if (expectation.minimum > expectation.maximum)
        reader.error(node, "scenario-number", "'min' is larger than 'max'");
}

std::vector<FieldMatch> read_fields(YamlReader& reader, const YAML::Node& node) {
    std::vector<FieldMatch> fields;
    if (!node.IsMap()) {
        reader.error(node, "scenario-type", "an event is a mapping of fields to values");
        return fields;
    }
    for (const auto& entry : node) {
        FieldMatch match{.field = reader.scalar(entry.first, "a field's name")};
        read_match(reader, entry.second, match);
        fields.push_back(std::move(match));
    }
    return fields;
}

void read_order(YamlReader& reader, const YAML::Node& node, Expectation& expectation) {
    if (!node.IsSequence() || node.size() < 2)
        return reader.error(node, "scenario-type", "'order' must be a list of two or more events");
    for (const auto& entry : node) expectation.order.push_back(read_fields(reader, entry));
}

}  // namespace

void read_expectation(YamlReader& reader, const YAML::Node& node, Scenario& scenario) {
    if (!node.IsMap())
        return reader.error(node, "scenario-type",
                            "an expectation is a mapping such as '- event: {field: value}'");
    reader.check_keys(node, "an expectation", kExpectKeys);
    const auto event = node["event"];
    const auto none = node["none"];
    const auto order = node["order"];
    if ((event ? 1 : 0) + (none ? 1 : 0) + (order ? 1 : 0) != 1)
        return reader.error(node, "scenario-expect", "an expectation has one of 'event', 'none' and 'order'");
    Expectation expectation{.where = reader.where(node)};
    if (none) expectation.minimum = expectation.maximum = 0;
    if (order) {
        read_order(reader, order, expectation);
    } else {
        expectation.fields = read_fields(reader, event ? event : none);
    }
    if (const auto count = node["count"]) {
        if (!event) reader.error(count, "scenario-expect", "only 'event' has a count");
        read_count(reader, count, expectation);
    }
    scenario.expectations.push_back(std::move(expectation));
}

}  // namespace gadget::testkit
