// SPDX-License-Identifier: Apache-2.0
#include "gadget/testkit/scenario.h"

#include <gtest/gtest.h>

#include "gadget/support/files.h"
#include "matcher.h"

namespace gadget::testkit {
namespace {

constexpr const char* kGood = R"(name: an open
description: text
requires: [tracepoint, ringbuf]
params: {failed: true, pid: "${opener.pid}"}
steps:
  - open: {path: /x, flags: [write, create], error: ENOENT}
    id: opener
    uid: 1000
  - fork:
expect:
  - event: {fname: /x, proc.pid: "${opener.pid}", fd: {min: 3, max: 10}, error: [ENOENT, ""]}
    count: {min: 1, max: 2}
  - event: {fname: {regex: "^/x$"}, flags: {contains: CREAT}, mode: {not: "0"}, gone: {absent: true}}
  - none: {fname: /y}
timeout: 20
)";

TEST(ParseScenario, ReadsEverything) {
    DiagnosticList findings;
    const auto scenario = parse_scenario(kGood, "a.yaml", findings);
    ASSERT_TRUE(scenario) << (findings.all().empty() ? "" : findings.all()[0].message);
    EXPECT_EQ(scenario->name, "an open");
    EXPECT_EQ(scenario->timeout_seconds, 20U);
    EXPECT_EQ(scenario->features, (std::vector<std::string>{"tracepoint", "ringbuf"}));
    ASSERT_EQ(scenario->steps.size(), 2U);
    EXPECT_EQ(scenario->steps[0].id, "opener");
    EXPECT_EQ(scenario->steps[0].kind, "open");
    EXPECT_EQ(scenario->steps[0].options.at("flags"), "write create");
    EXPECT_EQ(scenario->steps[0].options.at("uid"), "1000");
    EXPECT_EQ(scenario->steps[1].id, "step2");
    ASSERT_EQ(scenario->expectations.size(), 3U);
    EXPECT_EQ(scenario->expectations[0].maximum, 2U);
    EXPECT_EQ(scenario->expectations[0].where.line, 11U);
    EXPECT_EQ(scenario->expectations[1].minimum, 1U);
    EXPECT_EQ(scenario->expectations[2].maximum, 0U);
}

constexpr const char* kPlaces = R"(name: places
fixtures:
  - netns:
    id: far
  - veth: {name: a, address: [10.0.0.1/24, "fd00::1/64"], peer: b, peer-netns: far}
  - cgroup: {memory: 1000000}
    id: box
  - file: {path: "${tmp}/x", content: "", mode: 600}
  - processes: {depth: 3, width: 2}
    id: tree
steps:
  - signal: {signal: USR1, to: "${tree.1.pid}"}
    netns: far
    cgroup: box
defer:
  - remove: {path: "${tmp}/x"}
expect:
  - order: [{a: 1}, {a: {min: 2}}]
output: columns
)";

TEST(ParseScenario, ReadsFixturesPlacesAndCleanup) {
    DiagnosticList findings;
    const auto scenario = parse_scenario(kPlaces, "a.yaml", findings);
    ASSERT_TRUE(scenario) << findings.all().at(0).message;
    ASSERT_EQ(scenario->fixtures.size(), 5U);
    EXPECT_EQ(scenario->fixtures[0].id, "far");
    EXPECT_EQ(scenario->fixtures[1].id, "fixture2");
    EXPECT_EQ(scenario->fixtures[1].options.at("address"), "10.0.0.1/24 fd00::1/64");
    EXPECT_EQ(scenario->steps.at(0).options.at("netns"), "far");
    ASSERT_EQ(scenario->cleanup.size(), 1U);
    EXPECT_EQ(scenario->cleanup[0].id, "defer1");
    ASSERT_EQ(scenario->expectations.at(0).order.size(), 2U);
    EXPECT_EQ(scenario->expectations[0].order[1].at(0).minimum, 2.0);
    EXPECT_EQ(scenario->output, "columns");
}

struct Refused {
    const char* what;
    const char* text;
    const char* id;
    unsigned line;
};

class ParseScenarioRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ParseScenarioRefuses, WithTheLine) {
    DiagnosticList findings;
    const auto scenario = parse_scenario(GetParam().text, "a.yaml", findings);
    ASSERT_FALSE(scenario);
    EXPECT_EQ(scenario.error().code, ErrorCode::rejected_input);
    ASSERT_FALSE(findings.all().empty());
    const auto& finding = findings.all().front();
    EXPECT_EQ(finding.id, GetParam().id) << finding.message;
    EXPECT_EQ(std::get<SourceRange>(finding.location).line, GetParam().line) << finding.message;
}

INSTANTIATE_TEST_SUITE_P(
    Scenarios, ParseScenarioRefuses,
    testing::Values(
        Refused{"UnknownKey", "name: a\nsteeps: []\nexpect: [{event: {}}]\n", "scenario-unknown-key", 2},
        Refused{"DuplicateKey", "name: a\nname: b\nexpect: [{event: {}}]\n", "scenario-duplicate-key", 2},
        Refused{"NoName", "expect: [{event: {}}]\n", "scenario-name", 1},
        Refused{"NoExpectation", "name: a\n", "scenario-expect", 1},
        Refused{"UnknownStimulus", "name: a\nsteps:\n  - opne: {path: /x}\nexpect: [{event: {}}]\n",
                "scenario-unknown-key", 3},
        Refused{"UnknownOption", "name: a\nsteps:\n  - open: {path: /x, flag: read}\nexpect: [{event: {}}]\n",
                "scenario-unknown-key", 3},
        Refused{"MissingOption", "name: a\nsteps:\n  - open: {flags: read}\nexpect: [{event: {}}]\n",
                "scenario-missing-option", 3},
        Refused{"TwoStimuli", "name: a\nsteps:\n  - open: {path: /x}\n    fork:\nexpect: [{event: {}}]\n",
                "scenario-two-stimuli", 4},
        Refused{"NoStimulus", "name: a\nsteps:\n  - uid: 1\nexpect: [{event: {}}]\n", "scenario-no-stimulus",
                3},
        Refused{"SameId",
                "name: a\nsteps:\n  - fork:\n    id: x\n  - fork:\n    id: x\nexpect: [{event: {}}]\n",
                "scenario-duplicate-id", 5},
        Refused{"UnknownFeature", "name: a\nrequires: [kprobes]\nexpect: [{event: {}}]\n",
                "scenario-unknown-feature", 2},
        Refused{"EventAndNone", "name: a\nexpect:\n  - event: {}\n    none: {}\n", "scenario-expect", 3},
        Refused{"TwoConditions", "name: a\nexpect:\n  - event: {f: {regex: x, contains: y}}\n",
                "scenario-condition", 3},
        Refused{"MinAboveMax", "name: a\nexpect:\n  - event: {}\n    count: {min: 3, max: 2}\n",
                "scenario-number", 4},
        Refused{"BadTimeout", "name: a\ntimeout: 0\nexpect: [{event: {}}]\n", "scenario-number", 2},
        Refused{"UnknownFixture", "name: a\nfixtures: [{nets: {}}]\nexpect: [{event: {}}]\n",
                "scenario-unknown-key", 2},
        Refused{"PlaceWithoutFixture", "name: a\nsteps: [{fork: , netns: far}]\nexpect: [{event: {}}]\n",
                "scenario-unknown-fixture", 2},
        Refused{"PlaceOfAnotherKind",
                "name: a\nfixtures: [{cgroup: , id: far}]\nsteps: [{fork: , netns: far}]\nexpect: [{event: "
                "{}}]\n",
                "scenario-unknown-fixture", 3},
        Refused{"FixtureWithUser", "name: a\nfixtures: [{netns: , uid: 1}]\nexpect: [{event: {}}]\n",
                "scenario-unknown-key", 2},
        Refused{"BadId", "name: a\nsteps: [{fork: , id: ../x}]\nexpect: [{event: {}}]\n", "scenario-id", 2},
        Refused{"NumberThatIsNone", "name: a\nsteps: [{fork: , repeat: many}]\nexpect: [{event: {}}]\n",
                "scenario-number", 2},
        Refused{"ModeThatIsNone", "name: a\nsteps: [{mkdir: {path: /x, mode: 888}}]\nexpect: [{event: {}}]\n",
                "scenario-number", 2},
        Refused{"FlagThatIsNone",
                "name: a\nsteps: [{remove: {path: /x, folder: maybe}}]\nexpect: [{event: {}}]\n",
                "scenario-type", 2},
        Refused{"WordThatIsNone",
                "name: a\nsteps: [{open: {path: /x, flags: [read, wirte]}}]\nexpect: [{event: {}}]\n",
                "scenario-unknown-word", 2},
        Refused{"ErrorThatIsNone",
                "name: a\nsteps: [{open: {path: /x, error: enoent}}]\nexpect: [{event: {}}]\n",
                "scenario-type", 2},
        Refused{"OrderOfOne", "name: a\nexpect:\n  - order: [{}]\n", "scenario-type", 3},
        Refused{"OrderWithCount", "name: a\nexpect:\n  - order: [{}, {}]\n    count: 1\n", "scenario-expect",
                4},
        Refused{"UnknownOutput", "name: a\noutput: xml\nexpect: [{event: {}}]\n", "scenario-unknown-output",
                2},
        Refused{"ReplayWithSteps", "name: a\nreplay: x.rec\nsteps: [{fork: }]\nexpect: [{event: {}}]\n",
                "scenario-replay", 3},
        Refused{"ReplayElsewhere", "name: a\nreplay: ../x.rec\nexpect: [{event: {}}]\n", "scenario-replay",
                2},
        Refused{"Syntax", "name: a\nexpect: [\n", "scenario-syntax", 3},
        Refused{"NotAMapping", "- a\n", "scenario-type", 1}),
    [](const testing::TestParamInfo<Refused>& refused) { return std::string(refused.param.what); });

TEST(ParseScenario, SuggestsTheNearestWord) {
    DiagnosticList findings;
    EXPECT_FALSE(
        parse_scenario("name: a\nsteps: [{opem: {path: /x}}]\nexpect: [{event: {}}]\n", "a", findings));
    EXPECT_NE(findings.all().front().hint.find("'open'"), std::string::npos);
}

TEST(ParseScenario, RefusesDeepAndBinaryInputBeforeParsingIt) {
    for (const auto& text : {std::string(60'000, '['), std::string("a\0b", 3), std::string(100'000, 'a')}) {
        DiagnosticList findings;
        EXPECT_FALSE(parse_scenario(text, "a", findings));
        EXPECT_EQ(findings.all().front().id, "scenario-unreadable");
    }
    std::string dashes;
    for (int i = 0; i < 20'000; ++i) dashes += "- ";
    DiagnosticList findings;
    EXPECT_FALSE(parse_scenario(dashes, "a", findings));
}

TEST(LoadScenarios, ReadsAFolderInOrderAndRefusesTheSameNameTwice) {
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    DiagnosticList findings;
    EXPECT_EQ(load_scenarios(folder->path(), findings).error().code, ErrorCode::not_found);
    ASSERT_TRUE(write_file_atomic(folder->path() / "b.yaml", "name: b\nexpect: [{event: {}}]\n"));
    ASSERT_TRUE(write_file_atomic(folder->path() / "a.yaml", "name: a\nexpect: [{event: {}}]\n"));
    const auto scenarios = load_scenarios(folder->path(), findings);
    ASSERT_TRUE(scenarios);
    EXPECT_EQ((*scenarios)[0].name, "a");
    ASSERT_TRUE(write_file_atomic(folder->path() / "c.yaml", "name: a\nexpect: [{event: {}}]\n"));
    EXPECT_EQ(load_scenarios(folder->path(), findings).error().code, ErrorCode::rejected_input);
}

TEST(LoadScenarios, ReadsTheRecordingBesideTheScenario) {
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    DiagnosticList findings;
    ASSERT_TRUE(
        write_file_atomic(folder->path() / "a.yaml", "name: a\nreplay: a.rec\nexpect: [{event: {}}]\n"));
    EXPECT_EQ(load_scenarios(folder->path(), findings).error().code, ErrorCode::rejected_input);
    ASSERT_EQ(findings.all().size(), 1U);
    EXPECT_EQ(findings.all()[0].id, "scenario-replay");
    ASSERT_TRUE(write_file_atomic(folder->path() / "a.rec", "bytes"));
    const auto scenarios = load_scenarios(folder->path(), findings);
    ASSERT_TRUE(scenarios);
    EXPECT_EQ(as_text((*scenarios)[0].recording), "bytes");
}

class MatcherTest : public testing::Test {
  protected:
    void expect(const std::string& expectations, const Variables& variables = {}, bool lines = false) {
        DiagnosticList findings;
        auto scenario = parse_scenario("name: a\nexpect:\n" + expectations, "s.yaml", findings);
        ASSERT_TRUE(scenario) << findings.all().at(0).message;
        expectations_ = scenario->expectations;
        auto matcher = Matcher::create(expectations_, variables, lines);
        ASSERT_TRUE(matcher) << matcher.error().to_string();
        matcher_.emplace(std::move(*matcher));
    }
    [[nodiscard]] bool holds(const std::string& row) {
        matcher_->row(row);
        return matcher_->satisfied() && matcher_->failures().empty();
    }
    std::vector<Expectation> expectations_;
    std::optional<Matcher> matcher_;
};

TEST_F(MatcherTest, ComparesNestedAndDottedFields) {
    expect("  - event: {proc.creds.uid: 1000, proc.comm: x, flat.key: true}\n");
    EXPECT_FALSE(holds(R"({"proc":{"creds":{"uid":1001},"comm":"x"},"flat.key":true})"));
    EXPECT_TRUE(holds(R"({"proc":{"creds":{"uid":1000},"comm":"x"},"flat.key":true})"));
}

TEST_F(MatcherTest, ReplacesVariables) {
    expect("  - event: {pid: \"${o.pid}\"}\n", {{"o.pid", "42"}});
    EXPECT_FALSE(holds(R"({"pid":43})"));
    EXPECT_TRUE(holds(R"({"pid":42})"));
}

TEST_F(MatcherTest, KnowsEveryCondition) {
    const struct {
        const char* condition;
        const char* matching;
        const char* other;
    } cases[] = {
        {"1.5", "1.50", "1.6"},
        {"[a, b]", "\"b\"", "\"c\""},
        {"{regex: \"^a+$\"}", "\"aaa\"", "\"aab\""},
        {"{contains: mid}", "\"amidst\"", "\"x\""},
        {"{min: 3}", "3", "2"},
        {"{min: 3, max: 5}", "5", "6"},
        {"{max: -1}", "-2", "0"},
        {"{not: 7}", "8", "7"},
        {"\"\"", "\"\"", "\"x\""},
    };
    for (const auto& test : cases) {
        expect("  - event: {f: " + std::string(test.condition) + "}\n");
        EXPECT_FALSE(holds("{\"f\":" + std::string(test.other) + "}")) << test.condition;
        EXPECT_FALSE(holds("{}")) << test.condition;
        EXPECT_TRUE(holds("{\"f\":" + std::string(test.matching) + "}")) << test.condition;
    }
    expect("  - event: {f: {absent: true}}\n");
    EXPECT_FALSE(holds(R"({"f":1})"));
    EXPECT_TRUE(holds(R"({"g":1})"));
}

TEST_F(MatcherTest, CountsWithBounds) {
    expect("  - event: {a: 1}\n    count: 2\n");
    EXPECT_FALSE(holds(R"({"a":1})"));
    EXPECT_TRUE(holds(R"({"a":1})"));
    EXPECT_FALSE(holds(R"({"a":1})"));
    EXPECT_TRUE(matcher_->has_upper_bounds());
    ASSERT_EQ(matcher_->failures().size(), 1U);
    EXPECT_NE(matcher_->failures()[0].find("exactly 2"), std::string::npos);
}

TEST_F(MatcherTest, WantsEventsInTheirOrder) {
    expect("  - order: [{a: 1}, {a: \"${two}\"}, {a: 3}]\n", {{"two", "2"}});
    EXPECT_FALSE(holds(R"({"a":2})"));
    EXPECT_FALSE(holds(R"({"a":1})"));
    EXPECT_FALSE(holds(R"({"a":3})")) << "too early";
    EXPECT_FALSE(holds(R"({"a":2})"));
    ASSERT_EQ(matcher_->failures().size(), 1U);
    EXPECT_NE(matcher_->failures()[0].find("got 2 of them"), std::string::npos) << matcher_->failures()[0];
    EXPECT_NE(matcher_->failures()[0].find("a = '3' came after the one with a = '2'"), std::string::npos)
        << matcher_->failures()[0];
    EXPECT_FALSE(holds("{}"));
    EXPECT_TRUE(holds(R"({"a":3})"));
    EXPECT_FALSE(matcher_->has_upper_bounds());
}

TEST_F(MatcherTest, TakesLinesThatAreNoJson) {
    expect("  - event: {line: {regex: \"^cat +12$\"}}\n  - none: {line: {contains: dog}}\n", {}, true);
    EXPECT_FALSE(holds("COMM PID"));
    EXPECT_TRUE(holds("cat   12"));
    EXPECT_FALSE(holds("dog 13"));
    EXPECT_TRUE(matcher_->bad_row().empty());
}

TEST_F(MatcherTest, NoneFailsOnTheFirstMatchAndShowsIt) {
    expect("  - none: {a: bad}\n");
    EXPECT_TRUE(holds(R"({"a":"good"})"));
    EXPECT_FALSE(holds(R"({"a":"bad","b":17})"));
    EXPECT_NE(matcher_->failures()[0].find("\"b\":17"), std::string::npos);
}

TEST_F(MatcherTest, ShowsTheNearestEventAndWhatIsWrongWithIt) {
    expect("  - event: {fname: /x, error: ENOENT}\n");
    matcher_->row(R"({"fname":"/y","error":""})");
    matcher_->row(R"({"fname":"/x","error":"EACCES"})");
    const auto failures = matcher_->failures();
    ASSERT_EQ(failures.size(), 1U);
    EXPECT_NE(failures[0].find("s.yaml:3"), std::string::npos) << failures[0];
    EXPECT_NE(failures[0].find("error is 'EACCES'"), std::string::npos) << failures[0];
    EXPECT_NE(failures[0].find("of 2 events"), std::string::npos) << failures[0];
}

TEST_F(MatcherTest, ALineMayHoldAllRowsOfAFetch) {
    expect("  - event: {a: 1}\n    count: 2\n");
    EXPECT_FALSE(holds(R"([{"a":1},{"a":2}])"));
    EXPECT_FALSE(holds("[]"));
    EXPECT_TRUE(holds(R"([{"a":2},{"a":1}])"));
    EXPECT_TRUE(matcher_->bad_row().empty());
}

TEST_F(MatcherTest, RemembersARowThatIsNotJson) {
    expect("  - event: {}\n");
    matcher_->row("{}");
    matcher_->row("[1]");
    matcher_->row(std::string("\xff\x00{", 3));
    EXPECT_NE(matcher_->bad_row().find("line 2"), std::string::npos);
}

TEST(Matcher, RefusesBadExpressionsAndUnknownVariables) {
    const auto create = [](FieldMatch field) {
        return Matcher::create({{.fields = {std::move(field)}}}, {});
    };
    EXPECT_FALSE(create({.field = "f", .kind = FieldMatch::Kind::regex, .values = {"("}}));
    EXPECT_FALSE(create({.field = "f", .values = {"${x.pid}"}}));
}

}  // namespace
}  // namespace gadget::testkit
