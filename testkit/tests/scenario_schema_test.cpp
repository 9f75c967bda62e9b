// SPDX-License-Identifier: Apache-2.0
// The published schema of scenario files: that it is the one of the parser, and that both agree.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>

#include "gadget/support/files.h"
#include "gadget/testkit/scenario.h"

namespace gadget::testkit {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

/// A plain scalar has the type that YAML's core schema gives it, a quoted one is a string.
Json json_of(const YAML::Node& node) {
    if (node.IsNull() || !node.IsDefined()) return nullptr;
    if (node.IsSequence()) {
        Json list = Json::array();
        for (const auto& entry : node) list.push_back(json_of(entry));
        return list;
    }
    if (node.IsMap()) {
        Json map = Json::object();
        for (const auto& entry : node) map[entry.first.Scalar()] = json_of(entry.second);
        return map;
    }
    const auto& text = node.Scalar();
    if (node.Tag() == "!") return text;
    if (text == "true" || text == "false") return text == "true";
    const auto value = Json::parse(text, nullptr, false);
    return value.is_number() ? value : Json(text);
}

/// As much of JSON Schema as the schema uses; a keyword that is not known here fails the test.
class Validator {
  public:
    explicit Validator(Json schema) : root_(std::move(schema)) {}
    [[nodiscard]] bool accepts(const Json& value) const { return accepts(root_, value); }

  private:
    [[nodiscard]] bool accepts(const Json& schema, const Json& value) const {
        return std::all_of(schema.items().begin(), schema.items().end(), [&](const auto& entry) {
            return holds(schema, entry.key(), entry.value(), value);
        });
    }

    [[nodiscard]] bool holds(const Json& schema, const std::string& key, const Json& rule,
                             const Json& value) const {
        const auto matches = [&](const Json& other) { return accepts(other, value); };
        if (key == "$ref")
            return accepts(root_.at(Json::json_pointer(rule.get<std::string>().substr(1))), value);
        if (key == "type") {
            if (rule.is_string()) return has_type(value, rule);
            return std::any_of(rule.begin(), rule.end(),
                               [&](const Json& type) { return has_type(value, type); });
        }
        if (key == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
        if (key == "anyOf") return std::any_of(rule.begin(), rule.end(), matches);
        if (key == "oneOf") return std::count_if(rule.begin(), rule.end(), matches) == 1;
        if (key == "not") return !accepts(rule, value);
        if (key == "if") return !accepts(rule, value) || accepts(schema.at("then"), value);
        if (key == "pattern")
            return !value.is_string() ||
                   std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>()));
        if (key == "minLength") return !value.is_string() || value.get<std::string>().size() >= rule;
        if (key == "minimum") return !value.is_number() || value >= rule;
        if (key == "maximum") return !value.is_number() || value <= rule;
        if (key == "minItems") return !value.is_array() || value.size() >= rule;
        if (key == "minProperties") return !value.is_object() || value.size() >= rule;
        if (key == "items")
            return !value.is_array() || std::all_of(value.begin(), value.end(),
                                                    [&](const Json& item) { return accepts(rule, item); });
        if (key == "required")
            return !value.is_object() || std::all_of(rule.begin(), rule.end(), [&](const Json& name) {
                return value.contains(name.get<std::string>());
            });
        if (key == "properties" || key == "additionalProperties")
            return !value.is_object() || members(schema, key, value);
        const bool words =
            key == "$schema" || key == "$defs" || key == "title" || key == "description" || key == "then";
        EXPECT_TRUE(words) << "the schema uses " << key;
        return words;
    }

    [[nodiscard]] bool members(const Json& schema, const std::string& key, const Json& value) const {
        const auto& properties = schema.value("properties", Json::object());
        for (const auto& [name, member] : value.items()) {
            const bool known = properties.contains(name);
            if (key == "properties" && known && !accepts(properties[name], member)) return false;
            if (key == "properties" || known) continue;
            const auto& rule = schema["additionalProperties"];
            if (rule == false || (rule.is_object() && !accepts(rule, member))) return false;
        }
        return true;
    }

    static bool has_type(const Json& value, const std::string& type) {
        if (type == "integer") return value.is_number_integer();
        if (type == "number") return value.is_number();
        return value.type_name() == type;
    }

    Json root_;
};

const Validator& validator() {
    static const Validator instance(Json::parse(scenario_schema()));
    return instance;
}

bool schema_accepts(const std::string& text) {
    return validator().accepts(json_of(YAML::Load(text)));
}

bool parser_accepts(const std::string& text) {
    DiagnosticList findings;
    return static_cast<bool>(parse_scenario(text, "a.yaml", findings));
}

TEST(ScenarioSchema, IsThePublishedOne) {
    if (std::getenv("GADGET_TEST_ACCEPT") != nullptr) {
        ASSERT_TRUE(write_file_atomic(SCENARIO_SCHEMA, scenario_schema()));
        GTEST_SKIP() << "the schema was written, not compared";
    }
    const auto published = read_text_file(SCENARIO_SCHEMA);
    ASSERT_TRUE(published) << published.error().to_string();
    EXPECT_EQ(*published, scenario_schema())
        << "write it again: gadget test --schema > docs/scenario.schema.json";
}

TEST(ScenarioSchema, HoldsForEveryScenarioOfOurs) {
    std::size_t count = 0;
    for (const auto& file : fs::recursive_directory_iterator(SOURCE_FOLDER "/gadgets")) {
        if (file.path().parent_path().filename() != "test" || file.path().extension() != ".yaml" ||
            file.path().filename() == "budget.yaml")
            continue;
        const auto text = read_text_file(file.path());
        ASSERT_TRUE(text);
        EXPECT_TRUE(schema_accepts(*text)) << file.path();
        EXPECT_TRUE(parser_accepts(*text)) << file.path();
        ++count;
    }
    EXPECT_GE(count, 15U);
}

/// One change to a scenario in which everything occurs: what it makes of it.
struct Change {
    const char* from;
    const char* to;
    bool good;
};

constexpr const char* kEverything = R"(name: all
description: text
requires: [bpf, veth]
params: {a: 1, b: "${tmp}", c: true}
fixtures:
  - netns:
    id: far
  - cgroup: {memory: 1000, processes: "${x}"}
    id: box
  - file: {path: /x, mode: 600}
steps:
  - open: {path: /x, flags: [read, create], mode: 0644, error: ENOENT, call: openat2}
    id: opener
    uid: 1000
    netns: far
    cgroup: box
  - open: {path: /x, flags: "read,create"}
  - fork:
  - remove: {path: /x, folder: true}
defer:
  - fork: {status: 3}
expect:
  - event: {a: 1, b: [x, 2], c: {regex: x}, d: {min: 1, max: 2.5}, e: {not: 1}, f: {absent: true}, g: {contains: x}, h: }
    count: {min: 1, max: 3}
  - none: {a: {max: -1}}
  - order: [{a: 1}, {b: 2}]
messages: [lost]
pause: true
timeout: 20
output: json
)";

constexpr Change kChanges[] = {
    {"name: all", "name: all", true},
    {"name: all\n", "", false},
    {"name: all", "name: [all]", false},
    {"name: all", "nmae: all", false},
    {"description: text", "description: {a: b}", false},
    {"[bpf, veth]", "[bfp]", false},
    {"[bpf, veth]", "bpf", false},
    {"a: 1, b:", "a: [1], b:", false},
    {R"(params: {a: 1, b: "${tmp}", c: true})", "params: [a]", false},
    {"  - netns:\n", "  - netns: {}\n", true},
    {"  - netns:\n", "  - netns: {name: x}\n", false},
    {"  - netns:\n", "  - network:\n", false},
    {"memory: 1000", "memory: much", false},
    {"memory: 1000", "memory: \"1000\"", true},
    {"memory: 1000", "memory: -1", false},
    {"mode: 600", "mode: rw-------", false},
    {"path: /x, mode: 600", "mode: 600", false},
    {"call: openat2", "call: creat", false},
    {"call: openat2", "call: \"${call}\"", true},
    {"[read, create]", "[read, make]", false},
    {"\"read,create\"", "\"read create\"", true},
    {"\"read,create\"", "\"reed\"", false},
    {"error: ENOENT", "error: enoent", false},
    {"error: ENOENT", "error: \"\"", true},
    {"id: opener", "id: a/b", false},
    {"uid: 1000", "uid: root", false},
    {"uid: 1000", "fork: {}", false},
    {"  - fork:\n", "  - uid: 1\n", false},
    {"  - fork:\n", "  - fork: 3\n", false},
    {"folder: true", "folder: 1", false},
    {"folder: true", "folder: false", true},
    {"{status: 3}", "{status: 3, error: EPERM}", false},
    {"expect:\n", "expected:\n", false},
    {"c: {regex: x}", "c: {regex: x, contains: y}", false},
    {"c: {regex: x}", "c: {rgeex: x}", false},
    {"c: {regex: x}", "c: {}", false},
    {"d: {min: 1", "d: {min: low", false},
    {"{absent: true}", "{absent: false}", false},
    {"{min: 1, max: 3}", "2", true},
    {"{min: 1, max: 3}", "{least: 1}", false},
    {"{min: 1, max: 3}", "-1", false},
    {"  - none: {", "  - none: {}\n    event: {", false},
    {"[{a: 1}, {b: 2}]", "[{a: 1}]", false},
    {"[{a: 1}, {b: 2}]", "{a: 1}", false},
    {"messages: [lost]", "messages: lost", false},
    {"pause: true", "pause: false", false},
    {"timeout: 20", "timeout: 0", false},
    {"timeout: 20", "timeout: 601", false},
    {"timeout: 20", "timeout: long", false},
    {"output: json", "output: columns", true},
    {"output: json", "output: xml", false},
    {"output: json", "replay: a.rec", false},
};

class Agreement : public testing::TestWithParam<Change> {};

TEST_P(Agreement, OfSchemaAndParser) {
    const auto& change = GetParam();
    std::string text = kEverything;
    const auto at = text.find(change.from);
    ASSERT_NE(at, std::string::npos) << change.from;
    text.replace(at, std::string_view(change.from).size(), change.to);
    EXPECT_EQ(parser_accepts(text), change.good) << change.from << " -> " << change.to;
    EXPECT_EQ(schema_accepts(text), change.good) << change.from << " -> " << change.to;
}

INSTANTIATE_TEST_SUITE_P(Changes, Agreement, testing::ValuesIn(kChanges));

TEST(ScenarioSchema, KnowsThatARecordingHasNoSteps) {
    const std::string replay = "name: a\nreplay: a.rec\nparams: {filter: x}\nexpect: [{event: {}}]\n";
    EXPECT_TRUE(parser_accepts(replay));
    EXPECT_TRUE(schema_accepts(replay));
    EXPECT_FALSE(parser_accepts(replay + "pause: true\n"));
    EXPECT_FALSE(schema_accepts(replay + "pause: true\n"));
    EXPECT_FALSE(parser_accepts("name: a\nreplay: ../a.rec\nexpect: [{event: {}}]\n"));
    EXPECT_FALSE(schema_accepts("name: a\nreplay: ../a.rec\nexpect: [{event: {}}]\n"));
}

}  // namespace
}  // namespace gadget::testkit
