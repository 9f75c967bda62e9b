// SPDX-License-Identifier: Apache-2.0
// What sarif-schema-2.1.0 requires of the parts that are written, and what code scanning asks for besides.
#include "findings_sarif.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "gadget/support/files.h"
#include "gadget/validator.h"
#include "pages.h"

namespace gadget::cli {
namespace {

using nlohmann::json;

DiagnosticList sample() {
    DiagnosticList findings;
    const SourceRange range{"dir name/program.bpf.c", 2, 6, 2, 9};
    findings.report({.severity = Severity::error,
                     .id = "unknown-section",
                     .message = "m",
                     .location = range,
                     .hint = "h",
                     .notes = {{"here", SourceRange{"a.h", 1, 1, 0, 0}}},
                     .fixes = {{range, "pid"}}});
    findings.report({.severity = Severity::warning,
                     .id = "hash-key-padding",
                     .message = "\xff",
                     .location = ObjectLocation{.object = "amd64 object", .symbol = "events"}});
    findings.report({.severity = Severity::note, .id = "-Wunused", .message = "n"});
    findings.report(
        {.severity = Severity::error, .id = "unknown-section", .message = "again", .location = range});
    return findings;
}

json document() {
    const auto source = [](const std::string& file) -> std::optional<std::string> {
        if (file == "a.h") return std::nullopt;
        return "one\n\xc3\xa4 = pdi\n";  // a letter of two bytes before column 6
    };
    return json::parse(findings_sarif(sample(), "out/amd64.bpf.o", source));
}

void expect_only(const json& object, const std::set<std::string>& known, const std::string& what) {
    for (const auto& [key, value] : object.items())
        EXPECT_TRUE(known.contains(key)) << what << " has '" << key << "', which the schema does not know";
}

void expect_message(const json& message) {
    ASSERT_TRUE(message.is_object());
    EXPECT_TRUE(message.at("text").is_string());
}

void expect_region(const json& region) {
    expect_only(region, {"startLine", "startColumn", "endLine", "endColumn"}, "region");
    for (const auto& [key, value] : region.items()) EXPECT_GE(value.get<int>(), 1) << key;
}

void expect_location(const json& location) {
    expect_only(location, {"id", "physicalLocation", "logicalLocations", "message"}, "location");
    const auto& place = location.at("physicalLocation");
    expect_only(place, {"artifactLocation", "region"}, "physicalLocation");
    const auto uri = place.at("artifactLocation").at("uri").get<std::string>();
    EXPECT_TRUE(std::regex_match(uri, std::regex(R"((file:///)?[A-Za-z0-9\-._~/+@,=%]+)"))) << uri;
    expect_region(place.at("region"));
}

void expect_result(const json& result, const json& rules) {
    expect_only(result, {"ruleId", "ruleIndex", "level", "message", "locations", "relatedLocations", "fixes"},
                "result");
    expect_message(result.at("message"));
    EXPECT_EQ(rules.at(result.at("ruleIndex").get<std::size_t>()).at("id"), result.at("ruleId"));
    EXPECT_TRUE((std::set<std::string>{"none", "note", "warning", "error"}.contains(result.at("level"))));
    ASSERT_EQ(result.at("locations").size(), 1U);
    expect_location(result.at("locations")[0]);
    for (const auto& related : result.value("relatedLocations", json::array())) {
        expect_location(related);
        expect_message(related.at("message"));
    }
    for (const auto& fix : result.value("fixes", json::array())) {
        expect_only(fix, {"description", "artifactChanges"}, "fix");
        ASSERT_FALSE(fix.at("artifactChanges").empty());
        for (const auto& change : fix.at("artifactChanges")) {
            EXPECT_TRUE(change.at("artifactLocation").at("uri").is_string());
            ASSERT_FALSE(change.at("replacements").empty());
            for (const auto& each : change.at("replacements")) {
                expect_region(each.at("deletedRegion"));
                expect_message(each.at("insertedContent"));
            }
        }
    }
}

TEST(FindingsSarif, FollowsTheSchema) {
    const auto log = document();
    expect_only(log, {"$schema", "version", "runs"}, "log");
    EXPECT_EQ(log.at("version"), "2.1.0");
    ASSERT_EQ(log.at("runs").size(), 1U);
    const auto& run = log.at("runs")[0];
    expect_only(run, {"tool", "columnKind", "results"}, "run");
    const auto& driver = run.at("tool").at("driver");
    expect_only(driver, {"name", "version", "rules"}, "driver");
    EXPECT_TRUE(driver.at("name").is_string());
    std::set<std::string> ids;
    for (const auto& rule : driver.at("rules")) {
        expect_only(rule, {"id", "shortDescription", "help", "defaultConfiguration"}, "rule");
        EXPECT_TRUE(ids.insert(rule.at("id")).second) << rule.at("id");
    }
    ASSERT_EQ(run.at("results").size(), sample().all().size());
    for (const auto& result : run.at("results")) expect_result(result, driver.at("rules"));
}

TEST(FindingsSarif, CountsColumnsInCharactersAndEncodesPaths) {
    const auto place = document()["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    EXPECT_EQ(place["artifactLocation"]["uri"], "dir%20name/program.bpf.c");
    EXPECT_EQ(place["region"], json::parse(R"({"startLine":2,"startColumn":5,"endLine":2,"endColumn":8})"));
}

TEST(FindingsSarif, FindingsWithoutFileStandAtTheInput) {
    const auto location = document()["runs"][0]["results"][1]["locations"][0];
    EXPECT_EQ(location["physicalLocation"]["artifactLocation"]["uri"], "out/amd64.bpf.o");
    EXPECT_EQ(location["logicalLocations"][0]["name"], "events");
}

TEST(FindingsSarif, NothingFoundIsARunWithoutResults) {
    const auto log = json::parse(findings_sarif({}, "x", {}));
    EXPECT_TRUE(log["runs"][0]["results"].is_array());
    EXPECT_TRUE(log["runs"][0]["results"].empty());
}

TEST(Pages, EveryRuleHasOneInTheExecutable) {
    for (const auto& rule : validator::rules()) {
        EXPECT_TRUE(find_page(rule.id).starts_with("# " + std::string(rule.id) + "\n")) << rule.id;
    }
    EXPECT_TRUE(find_page("no-such-page").empty());
}

TEST(ProblemMatcher, ReadsFindingsAsTheyArePrinted) {
    const auto text = read_text_file(GADGETKIT_SOURCE_DIR "/docs/problem-matcher.json");
    ASSERT_TRUE(text.has_value()) << text.error().to_string();
    const auto matcher = json::parse(*text).at("problemMatcher").at(0).at("pattern").at(0);
    const std::regex pattern(matcher.at("regexp").get<std::string>());
    const Diagnostic finding{.severity = Severity::warning,
                             .id = "metadata-unknown-field",
                             .message = "a 'field' of x: y",
                             .location = SourceRange{"a b/gadget.yaml", 12, 7, 12, 9}};
    const auto shown = render(finding, {}, {});
    const auto line = shown.substr(0, shown.find('\n'));
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, pattern)) << line;
    const auto group = [&](const char* name) { return match[matcher.at(name).get<std::size_t>()].str(); };
    EXPECT_EQ(group("file"), "a b/gadget.yaml");
    EXPECT_EQ(group("line"), "12");
    EXPECT_EQ(group("column"), "7");
    EXPECT_EQ(group("severity"), "warning");
    EXPECT_EQ(group("message"), "a 'field' of x: y");
    EXPECT_EQ(group("code"), "metadata-unknown-field");
}

}  // namespace
}  // namespace gadget::cli
