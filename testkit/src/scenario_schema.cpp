// SPDX-License-Identifier: Apache-2.0
// The schema of scenario files, made of the same tables as the parser.
#include <map>
#include <nlohmann/json.hpp>

#include "gadget/support/text.h"
#include "gadget/testkit/scenario.h"
#include "vocabulary.h"

namespace gadget::testkit {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kVariable = R"(.*\$\{.*)";
constexpr unsigned kMaxTimeout = 600;

Json text(const char* pattern) {
    return {{"type", "string"}, {"pattern", pattern}};
}

Json any_of(std::initializer_list<Json> choices) {
    return {{"anyOf", Json(std::vector<Json>(choices))}};
}

Json ref(const char* name) {
    return {{"$ref", std::string("#/$defs/") + name}};
}

Json names(std::span<const std::string_view> list) {
    Json result = Json::array();
    for (const auto name : list) result.push_back(name);
    return result;
}

Json words_of(std::string_view choices) {
    Json list = Json::array();
    for (const auto word : split(choices, ' ')) list.push_back(word);
    return list;
}

Json option_schema(const OptionSpec& option) {
    switch (option.type) {
        case OptionType::number:
            return ref("number");
        case OptionType::octal:
            return ref("octal");
        case OptionType::flag:
            return ref("flag");
        case OptionType::error:
            return ref("error");
        case OptionType::choice:
            return any_of({{{"enum", words_of(option.choices)}}, text(kVariable)});
        case OptionType::words: {
            if (option.choices.empty())
                return any_of({ref("scalar"), {{"type", "array"}, {"items", ref("scalar")}}});
            const auto alternatives = [&] {
                std::string pattern;
                for (const auto word : split(option.choices, ' '))
                    pattern += (pattern.empty() ? "" : "|") + std::string(word);
                return "(" + pattern + ")";
            }();
            const std::string pattern = "^ *" + alternatives + "([ ,]+" + alternatives + ")* *$";
            return any_of({text(pattern.c_str()),
                           text(kVariable),
                           {{"type", "array"}, {"items", {{"enum", words_of(option.choices)}}}}});
        }
        case OptionType::text:
        case OptionType::netns:
        case OptionType::cgroup:
            return option.name == "id" ? text("^[A-Za-z0-9_-]+$") : ref("scalar");
    }
    return ref("scalar");
}

Json options_schema(std::span<const OptionSpec> options) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const auto& option : options) {
        properties[std::string(option.name)] = option_schema(option);
        if (option.required) required.push_back(option.name);
    }
    Json schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (required.empty()) schema["type"] = {"object", "null"};
    if (!required.empty()) schema["required"] = std::move(required);
    return schema;
}

/// A step or a fixture: one of the kinds, and the common options.
Json action_schema(std::span<const StimulusSpec> specs, std::span<const OptionSpec> common) {
    Json properties = Json::object();
    Json kinds = Json::array();
    for (const auto& spec : specs) {
        auto options = options_schema(spec.options);
        options["description"] = spec.does;
        properties[std::string(spec.kind)] = std::move(options);
        kinds.push_back({{"required", {spec.kind}}});
    }
    for (const auto& option : common) properties[std::string(option.name)] = option_schema(option);
    return {{"type", "object"},
            {"properties", std::move(properties)},
            {"additionalProperties", false},
            {"oneOf", std::move(kinds)}};
}

Json condition_schema() {
    const auto one = [](const char* name, Json value) {
        return Json{{"type", "object"},
                    {"properties", {{name, std::move(value)}}},
                    {"required", {name}},
                    {"additionalProperties", false}};
    };
    const Json range{{"type", "object"},
                     {"properties", {{"min", ref("bound")}, {"max", ref("bound")}}},
                     {"minProperties", 1},
                     {"additionalProperties", false}};
    return any_of({ref("scalar"),
                   {{"type", "null"}},
                   {{"type", "array"}, {"items", ref("scalar")}},
                   one("regex", ref("scalar")),
                   one("contains", ref("scalar")),
                   one("not", ref("scalar")),
                   one("absent", ref("true")),
                   range});
}

Json expectation_schema() {
    const Json count = any_of({ref("number"),
                               {{"type", "object"},
                                {"properties", {{"min", ref("number")}, {"max", ref("number")}}},
                                {"additionalProperties", false}}});
    const auto only = [](const char* name, Json properties) {
        return Json{{"type", "object"},
                    {"properties", std::move(properties)},
                    {"required", {name}},
                    {"additionalProperties", false}};
    };
    return any_of(
        {only("event", {{"event", ref("event")}, {"count", count}}), only("none", {{"none", ref("event")}}),
         only("order", {{"order", {{"type", "array"}, {"items", ref("event")}, {"minItems", 2}}}})});
}

Json definitions() {
    std::vector<std::string_view> features;
    for (const auto& spec : feature_specs()) features.push_back(spec.name);
    return {
        {"scalar", {{"type", {"string", "number", "boolean"}}}},
        {"number", any_of({{{"type", "integer"}, {"minimum", 0}}, text("^[0-9]+$"), text(kVariable)})},
        {"octal", any_of({{{"type", "integer"}, {"minimum", 0}}, text("^[0-7]+$"), text(kVariable)})},
        {"flag", any_of({{{"type", "boolean"}}, text("^(true|false)$"), text(kVariable)})},
        {"true", {{"enum", {true, "true"}}}},
        {"bound", any_of({{{"type", "number"}}, text("^-?[0-9.]+(e-?[0-9]+)?$")})},
        {"error", any_of({text("^(E[A-Z0-9]+)?$"), text(kVariable)})},
        {"feature", {{"enum", names(features)}}},
        {"condition", condition_schema()},
        {"event", {{"type", "object"}, {"additionalProperties", ref("condition")}}},
        {"expectation", expectation_schema()},
        {"fixture", action_schema(fixture_specs(), common_options().first(1))},
        {"step", action_schema(stimulus_specs(), common_options())},
    };
}

Json property_schema(std::string_view key) {
    const auto list = [](const char* name) { return Json{{"type", "array"}, {"items", ref(name)}}; };
    const std::map<std::string_view, Json> known{
        {"name", {{"type", {"string", "number", "boolean"}}, {"minLength", 1}}},
        {"requires", list("feature")},
        {"params", {{"type", "object"}, {"additionalProperties", ref("scalar")}}},
        {"fixtures", list("fixture")},
        {"steps", list("step")},
        {"defer", list("step")},
        {"replay", text("^[^/]+$")},
        {"output", {{"enum", names(output_modes())}}},
        {"expect", {{"type", "array"}, {"items", ref("expectation")}, {"minItems", 1}}},
        {"messages", list("scalar")},
        {"pause", ref("true")},
        {"timeout",
         any_of({{{"type", "integer"}, {"minimum", 1}, {"maximum", kMaxTimeout}}, text("^[0-9]+$")})},
    };
    const auto found = known.find(key);
    return found == known.end() ? ref("scalar") : found->second;
}

}  // namespace

std::string scenario_schema() {
    Json properties = Json::object();
    for (const auto key : scenario_keys()) properties[std::string(key)] = property_schema(key);
    Json no_live_keys = Json::array();
    for (const char* key : {"requires", "fixtures", "steps", "defer", "pause"})
        no_live_keys.push_back({{"required", {key}}});
    const Json schema{
        {"$schema", "https://json-schema.org/draft/2020-12/schema"},
        {"title", "Scenario of a gadget's test (test/*.yaml)"},
        {"type", "object"},
        {"required", {"name", "expect"}},
        {"properties", std::move(properties)},
        {"additionalProperties", false},
        {"if", {{"required", {"replay"}}}},
        {"then", {{"not", {{"anyOf", std::move(no_live_keys)}}}}},
        {"$defs", definitions()},
    };
    return schema.dump(2) + "\n";
}

}  // namespace gadget::testkit
