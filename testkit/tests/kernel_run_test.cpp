// SPDX-License-Identifier: Apache-2.0
// How a test is judged, from the frames of the agent: every failure is told apart.
#include "kernel_run.h"

#include <gtest/gtest.h>

namespace gadget::testkit {
namespace {

class KernelRunTest : public testing::Test {
  protected:
    KernelRunTest() {
        Scenario scenario{.name = "a scenario", .file = "a.yaml"};
        scenario.expectations.push_back({.fields = {{.field = "pid", .values = {"${s.pid}"}}}});
        scenarios_ = {scenario, scenario};
        scenarios_[1].name = "another one";
        run_.emplace(KernelSelector{"6.1", model::Arch::amd64}, scenarios_, [](std::string_view) {});
    }
    std::vector<Record> send(const Record& record) { return run_->frame(record); }
    void begin(const std::string& test = "0") {
        send({"hello", "6.1.0", "x86_64", "1"});
        send({"begin", test});
        send({"var", test, "s.pid", "17"});
    }
    std::vector<Record> row(const std::string& json, const std::string& test = "0") {
        return send({"row", test, json});
    }
    void end(const std::string& state, int code = 0, int signal = 0, const std::string& test = "0") {
        send({"end", test, state, std::to_string(code), std::to_string(signal), ""});
    }
    TestResult first(RunEnd run_end = {}) { return run_->finish(run_end, {}).at(0); }

    std::vector<Scenario> scenarios_;
    std::optional<KernelRun> run_;
};

TEST_F(KernelRunTest, PassesWhenTheExpectationHolds) {
    begin();
    row(R"({"pid":17})");
    send({"stimulated", "0"});
    end("ended");
    const auto result = first();
    EXPECT_EQ(result.outcome, Outcome::passed);
    EXPECT_EQ(result.release, "6.1.0");
    EXPECT_TRUE(result.message.empty());
}

TEST_F(KernelRunTest, StopsTheGadgetOnceWhenItHasSeenEnough) {
    begin();
    EXPECT_TRUE(row(R"({"pid":17})").empty()) << "the stimuli are not over";
    const auto replies = send({"stimulated", "0"});
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0], (Record{"stop", "0", "0"}));
    EXPECT_TRUE(row(R"({"pid":17})").empty());
}

TEST_F(KernelRunTest, WaitsForTheEventAfterTheStimuli) {
    begin();
    EXPECT_TRUE(send({"stimulated", "0"}).empty());
    EXPECT_TRUE(row(R"({"pid":18})").empty());
    EXPECT_EQ(row(R"({"pid":17})").size(), 1U);
}

TEST_F(KernelRunTest, LeavesTimeForEventsThatMustNotCome) {
    scenarios_[0].expectations.push_back(
        {.fields = {{.field = "pid", .values = {"99"}}}, .minimum = 0, .maximum = 0});
    begin();
    row(R"({"pid":17})");
    EXPECT_EQ(send({"stimulated", "0"}), (std::vector<Record>{{"stop", "0", "50"}}));
    row(R"({"pid":99})");
    end("ended");
    EXPECT_EQ(first().failure, FailureClass::wrong_events);
}

TEST_F(KernelRunTest, FailsOnWrongEvents) {
    begin();
    row(R"({"pid":16})");
    send({"stimulated", "0"});
    end("ended");
    const auto result = first();
    EXPECT_EQ(result.outcome, Outcome::failed);
    EXPECT_EQ(result.failure, FailureClass::wrong_events);
    EXPECT_NE(result.message.find("pid is '16'"), std::string::npos) << result.message;
}

TEST_F(KernelRunTest, SkipsByTheNameOfTheMissingFeature) {
    begin();
    send({"skip", "0", "ringbuf", "not there"});
    const auto result = first();
    EXPECT_EQ(result.outcome, Outcome::skipped);
    EXPECT_EQ(result.message, "missing: ringbuf (Linux 5.8): not there");
}

TEST_F(KernelRunTest, TellsRefusalsApart) {
    const struct {
        const char* message;
        int code;
        FailureClass failure;
    } cases[] = {
        {"gadget: error: cannot load program 'x': the verifier refused it", 1, FailureClass::load_refused},
        {"gadget: error: cannot attach program 'x'", 4, FailureClass::attach_refused},
        {"gadget: error: no ring buffer", 3, FailureClass::missing_feature},
        {"gadget: error: something else", 4, FailureClass::gadget_failed},
    };
    for (const auto& test : cases) {
        run_.emplace(KernelSelector{"6.1", model::Arch::amd64}, scenarios_, [](std::string_view) {});
        begin();
        send({"log", "0", test.message});
        end("early", test.code);
        const auto result = first();
        EXPECT_EQ(result.outcome, Outcome::failed);
        EXPECT_EQ(result.failure, test.failure) << test.message;
        EXPECT_NE(result.message.find(std::string(test.message).substr(15)), std::string::npos)
            << result.message;
    }
}

TEST_F(KernelRunTest, TellsHowTheRunnerEnded) {
    const struct {
        const char* state;
        int code;
        int signal;
        FailureClass failure;
    } cases[] = {
        {"early", 0, 0, FailureClass::gadget_failed},   {"early", 0, 11, FailureClass::gadget_crashed},
        {"unready", 0, 9, FailureClass::gadget_hung},   {"hung", 0, 9, FailureClass::gadget_hung},
        {"broken", -1, 0, FailureClass::gadget_failed}, {"ended", 70, 0, FailureClass::gadget_failed},
    };
    for (const auto& test : cases) {
        run_.emplace(KernelSelector{"6.1", model::Arch::amd64}, scenarios_, [](std::string_view) {});
        begin();
        row(R"({"pid":17})");
        end(test.state, test.code, test.signal);
        EXPECT_EQ(first().failure, test.failure) << test.state << " " << test.code;
    }
}

TEST_F(KernelRunTest, FailsOnAStimulusThatFailed) {
    begin();
    send({"step", "0", "s", "openat succeeds, but the step says that it fails with ENOENT"});
    EXPECT_EQ(send({"stimulated", "0"}).size(), 1U) << "nothing to wait for";
    end("ended");
    EXPECT_EQ(first().failure, FailureClass::stimulus_failed);
}

TEST_F(KernelRunTest, FailsOnOutputThatIsNotJson) {
    begin();
    row("Segmentation fault");
    row(R"({"pid":17})");
    send({"stimulated", "0"});
    end("ended");
    EXPECT_EQ(first().failure, FailureClass::bad_output);
}

TEST_F(KernelRunTest, FailsOnAKernelThatComplains) {
    begin();
    row(R"({"pid":17})");
    send({"stimulated", "0"});
    end("ended");
    send({"kernel", "0", "WARNING: CPU: 0 PID: 1 at kernel/bpf/x.c"});
    EXPECT_EQ(first().failure, FailureClass::kernel_problem);
}

TEST_F(KernelRunTest, BlamesThePanicOnTheTestThatRan) {
    begin();
    RunEnd crash;
    crash.failure = Error{.code = ErrorCode::guest_panic, .message = "the kernel crashed: Oops"};
    const auto results = run_->finish(crash, {});
    EXPECT_EQ(results[0].outcome, Outcome::failed);
    EXPECT_EQ(results[0].failure, FailureClass::guest_panic);
    EXPECT_EQ(results[1].outcome, Outcome::error);
    EXPECT_NE(results[1].message.find("not run"), std::string::npos);
}

TEST_F(KernelRunTest, DoesNotTrustAReportWithHoles) {
    begin();
    row(R"({"pid":17})");
    send({"stimulated", "0"});
    end("ended");
    RunEnd lossy;
    lossy.lost_frames = 1;
    EXPECT_EQ(first(lossy).failure, FailureClass::truncated_result);
}

TEST_F(KernelRunTest, SurvivesFramesThatMakeNoSense) {
    for (const Record& record : std::vector<Record>{{""},
                                                    {"row"},
                                                    {"row", "0"},
                                                    {"row", "7", "{}"},
                                                    {"row", "-1", "{}"},
                                                    {"row", "x", "{}"},
                                                    {"end", "0"},
                                                    {"end", "0", "odd", "x", "y", "z"},
                                                    {"begin"},
                                                    {"hello"},
                                                    {"var", "0"},
                                                    {"kernel", "1"},
                                                    {"row", "1", "\xff"}}) {
        (void)send(record);
    }
    EXPECT_EQ(run_->finish({}, {}).size(), 2U);
}

TEST_F(KernelRunTest, KeepsLogsInTheFolder) {
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    begin();
    row(R"({"pid":17})");
    send({"log", "0", "a message"});
    send({"stimulated", "0"});
    end("ended");
    const auto results = run_->finish({.console = "Linux"}, folder->path() / "6.1");
    ASSERT_EQ(results[0].logs.size(), 3U);
    EXPECT_EQ(*read_text_file(folder->path() / "6.1/a-scenario.rows.jsonl"), "{\"pid\":17}\n");
    EXPECT_EQ(*read_text_file(folder->path() / "6.1/a-scenario.log"), "a message\n");
    EXPECT_EQ(*read_text_file(folder->path() / "6.1/console.log"), "Linux");
}

TestResult result(Outcome outcome, FailureClass failure, std::string message = {}) {
    return {.scenario = "s <1>",
            .kernel = {"6.1", model::Arch::amd64},
            .outcome = outcome,
            .failure = failure,
            .message = std::move(message)};
}

TEST(ExitStatus, FollowsTheContract) {
    const auto status = [](std::vector<TestResult> results) { return exit_status(results); };
    const auto passed = result(Outcome::passed, FailureClass::none);
    EXPECT_EQ(status({passed, result(Outcome::skipped, FailureClass::no_permission)}), 0);
    EXPECT_EQ(status({passed, result(Outcome::failed, FailureClass::wrong_events)}), 1);
    EXPECT_EQ(status({result(Outcome::error, FailureClass::no_machine),
                      result(Outcome::failed, FailureClass::wrong_events)}),
              3);
    EXPECT_EQ(status({result(Outcome::error, FailureClass::no_kernel)}), 3);
    EXPECT_EQ(status({result(Outcome::error, FailureClass::truncated_result)}), 4);
    EXPECT_EQ(status({result(Outcome::error, FailureClass::boot_failed)}), 5);
    EXPECT_EQ(status({result(Outcome::failed, FailureClass::guest_panic),
                      result(Outcome::error, FailureClass::boot_failed)}),
              6);
    EXPECT_EQ(status({result(Outcome::failed, FailureClass::timed_out)}), 7);
}

TEST(Reports, EscapeWhatTheyQuote) {
    const std::vector<TestResult> results{
        result(Outcome::passed, FailureClass::none),
        result(Outcome::failed, FailureClass::wrong_events, "a < b & \"c\" | d\n\x01 next")};
    const auto junit = junit_report("g", results);
    EXPECT_NE(junit.find("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""), std::string::npos)
        << junit;
    EXPECT_NE(junit.find("a &lt; b &amp; &quot;c&quot; | d&#10;? next"), std::string::npos) << junit;
    EXPECT_EQ(junit.find("s <1>"), std::string::npos);
    const auto json = json_report("g", results);
    EXPECT_NE(json.find("\"failure\": \"wrong-events\""), std::string::npos) << json;
    const auto markdown = markdown_report("g", results);
    EXPECT_NE(markdown.find("\\| d"), std::string::npos) << markdown;
}

}  // namespace
}  // namespace gadget::testkit
