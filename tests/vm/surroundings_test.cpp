// SPDX-License-Identifier: Apache-2.0
// Each test has surroundings of its own, on this kernel and in machines: what one leaves the next does not
// find, and nothing of it reaches the system. With a stand-in for the gadget, which looks around.
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "gadget/support/text.h"
#include "gadget/testkit.h"
#include "machine.h"
#include "test_cache.h"

namespace gadget::testkit {
namespace {

class Quiet final : public TestObserver {
    void step(const KernelSelector&, std::string_view) override {}
    void finished(const TestResult&) override {}
};

class SurroundingsTest : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        const auto arch = model::host_arch();
        auto folder = TempDir::create();
        ASSERT_TRUE(folder);
        folder_.emplace(std::move(*folder));
        request_.gadget = "fake";
        request_.objects[arch] = Bytes(16);
        request_.runners[arch] = FAKE_RUNNER;
        request_.kernels = {{GetParam(), arch}};
        request_.cache = cache_folder();
        request_.logs = folder_->path() / "logs";
    }

    static Scenario scenario(std::string name, std::string behave) {
        Scenario result{
            .name = std::move(name), .file = "test.yaml", .params = {{"behave", std::move(behave)}}};
        result.expectations.push_back({.fields = {{.field = "ok", .values = {"yes"}}}});
        return result;
    }

    /// Skips the test where the kernel cannot be had.
    void run(std::vector<Scenario> scenarios) {
        request_.scenarios = std::move(scenarios);
        Quiet quiet;
        auto results = run_tests(request_, quiet, CancelToken{});
        ASSERT_TRUE(results) << results.error().to_string();
        results_ = std::move(*results);
        const auto& first = results_.at(0);
        if (first.failure == FailureClass::no_permission || first.failure == FailureClass::no_machine ||
            first.failure == FailureClass::no_kernel)
            GTEST_SKIP() << "missing: " << first.message;
    }

    /// The only row of a test.
    [[nodiscard]] nlohmann::json row(const std::string& test) const {
        const auto folder = request_.logs / (std::string(GetParam()) + "-" +
                                             std::string(model::to_string(model::host_arch())));
        const auto text = read_text_file(folder / (test + ".rows.jsonl"));
        EXPECT_TRUE(text) << test;
        return text ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
    }

    std::optional<TempDir> folder_;
    TestRequest request_;
    std::vector<TestResult> results_;
};

std::string link_of(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::read_symlink(path, ignored).string();
}

TEST_P(SurroundingsTest, AreFreshInEachTest) {
    auto leaving = scenario("leaving", "leave");
    leaving.params.emplace_back("emit", R"({"ok":"yes"})");
    run({scenario("first", "look"), leaving, scenario("second", "look")});
    if (IsSkipped()) return;
    for (const auto& result : results_) EXPECT_EQ(result.outcome, Outcome::passed) << result.message;
    const auto first = row("first");
    const auto second = row("second");
    for (const char* name : {"mnt", "net", "uts", "ipc", "cgroup"}) {
        // Two tests may have the same numbers: one is gone when the other begins.
        EXPECT_NE(first[name], link_of(std::string("/proc/self/ns/") + name)) << name;
    }
    EXPECT_EQ(first["root_read_only"], true);
    EXPECT_EQ(first["host"], second["host"]) << "the name that the test between them gave is its own";
    EXPECT_NE(second["host"], "left-behind");
    EXPECT_EQ(second["left_pin"], false);
    EXPECT_EQ(second["left_process"], false);
    EXPECT_FALSE(std::filesystem::exists("/gadgetkit-was-here"));
    EXPECT_FALSE(std::filesystem::exists("/sys/fs/bpf/left"));
}

TEST_P(SurroundingsTest, FixturesStandBeforeTheSteps) {
    auto test = scenario("fixtures", "");
    test.params = {{"emit", R"({"ok":"yes","pid":"${tree.1.pid}","far":"${far.netns}","net":"${netns}"})"}};
    test.features = {"ipv6", "veth"};
    test.fixtures = {
        {"far", "netns", {}},
        {"pair",
         "veth",
         {{"name", "left0"},
          {"address", "10.93.0.1/24 fd93::1/64"},
          {"peer", "right0"},
          {"peer-address", "10.93.0.2/24 fd93::2/64"},
          {"peer-netns", "far"}}},
        {"tree", "processes", {{"depth", "2"}, {"width", "2"}}},
        {"data", "file", {{"path", "${tmp}/data"}, {"content", "x"}, {"mode", "600"}, {"uid", "1000"}}},
    };
    test.steps = {
        {"a", "signal", {{"signal", "USR1"}, {"to", "${tree.2.pid}"}}},
        {"b", "open", {{"path", "${tmp}/data"}, {"uid", "1001"}, {"error", "EACCES"}}},
        {"c", "open", {{"path", "${tmp}/data"}, {"uid", "1000"}}},
        {"d", "udp", {{"address", "10.93.0.2"}}},
        {"e", "tcp", {{"address", "fd93::2"}, {"port", "7001"}, {"netns", "far"}}},
        {"f", "bind", {{"address", "10.93.0.2"}, {"port", "7002"}, {"error", "EADDRNOTAVAIL"}}},
        {"g", "bind", {{"address", "10.93.0.2"}, {"port", "7002"}, {"netns", "far"}}},
        {"h", "open", {{"path", "/written"}, {"flags", "write,create"}, {"error", "EROFS"}}},
    };
    test.cleanup = {{"z", "remove", {{"path", "${tmp}/data"}}}};
    test.expectations.push_back(
        {.fields = {{.field = "net", .values = {"${netns}"}},
                    {.field = "far", .kind = FieldMatch::Kind::not_equals, .values = {"${netns}"}},
                    {.field = "pid", .values = {"${tree.1.pid}"}}}});
    run({test, scenario("after", "look")});
    if (IsSkipped()) return;
    if (results_.at(0).outcome == Outcome::skipped) GTEST_SKIP() << results_[0].message;
    EXPECT_EQ(results_[0].outcome, Outcome::passed) << results_[0].message;
    EXPECT_EQ(row("after")["left_interface"], false);
}

TEST_P(SurroundingsTest, WhatCannotBeMadeOrCleanedIsToldByItsName) {
    auto fixture = scenario("fixture", "look");
    fixture.fixtures = {{"data", "file", {{"path", "/nowhere/data"}}}};
    auto cleanup = scenario("cleanup", "look");
    cleanup.cleanup = {{"tidy", "remove", {{"path", "${tmp}/nothing"}}}};
    auto wrong = scenario("wrong", "");
    wrong.params = {{"emit", R"({"ok":"no"})"}};
    wrong.timeout_seconds = 1;
    wrong.fixtures = {{"data", "file", {{"path", "${tmp}/data"}}}};
    wrong.cleanup = {{"tidy", "remove", {{"path", "${tmp}/data"}}}};
    run({fixture, cleanup, wrong, scenario("led", "kill-leader"), scenario("next", "look")});
    if (IsSkipped()) return;
    EXPECT_EQ(results_.at(0).failure, FailureClass::stimulus_failed) << results_[0].message;
    EXPECT_NE(results_[0].message.find("fixture 'data'"), std::string::npos) << results_[0].message;
    EXPECT_EQ(results_.at(1).failure, FailureClass::stimulus_failed) << results_[1].message;
    EXPECT_NE(results_[1].message.find("step 'tidy'"), std::string::npos) << results_[1].message;
    EXPECT_EQ(results_.at(2).failure, FailureClass::wrong_events)
        << "cleaned up all the same: " << results_[2].message;
    EXPECT_EQ(results_.at(3).outcome, Outcome::error) << results_[3].message;
    EXPECT_NE(results_[3].message.find("killed by signal 9"), std::string::npos) << results_[3].message;
    EXPECT_EQ(results_.at(4).outcome, Outcome::passed) << results_[4].message;
}

INSTANTIATE_TEST_SUITE_P(Kernels, SurroundingsTest, testing::Values("host", "5.10", "6.12"),
                         [](const testing::TestParamInfo<const char*>& kernel) {
                             std::string name = "On";
                             for (const char c : std::string_view(kernel.param)) name += c == '.' ? '_' : c;
                             return name;
                         });

}  // namespace
}  // namespace gadget::testkit
