// SPDX-License-Identifier: Apache-2.0
// The host's side of one kernel's tests: takes the agent's frames, decides when a test has seen enough, and
// judges.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gadget/testkit.h"
#include "job.h"
#include "matcher.h"
#include "record.h"

namespace gadget::testkit {

/// How the machine, or the agent on this kernel, ended.
struct RunEnd {
    std::optional<Error> failure;
    std::string console;
    std::uint64_t damaged_frames = 0;
    std::uint64_t lost_frames = 0;
};

class KernelRun {
  public:
    using Tell = std::function<void(std::string_view step)>;

    /// The time limits of the scenarios are multiplied by `patience`.
    KernelRun(const KernelSelector& kernel, const std::vector<Scenario>& scenarios, Tell tell,
              unsigned patience = 1);

    /// A frame from the agent; returns the frames to send to it.
    [[nodiscard]] std::vector<Record> frame(const Record& record);

    /// The results of all scenarios; call once, when no more frames come. Logs go to `folder` unless it is
    /// empty.
    [[nodiscard]] std::vector<TestResult> finish(const RunEnd& end, const std::filesystem::path& folder);

    [[nodiscard]] bool came_up() const { return !release_.empty(); }

  private:
    using Clock = std::chrono::steady_clock;

    struct Test {
        const Scenario* scenario = nullptr;
        bool begun = false;
        bool stimulated = false;
        bool stopped = false;
        bool ended = false;
        Clock::time_point started{};
        Clock::time_point finished{};
        Variables variables;
        std::optional<Matcher> matcher;
        std::optional<Error> matcher_error;
        std::string missing;  ///< feature and reason, when the agent skipped the test
        std::string stimulus_failure;
        std::string state;  ///< of the "end" frame
        int code = 0;
        int signal = 0;
        std::string detail;
        std::vector<std::string> kernel_problems;
        std::string rows;  ///< text of all rows, bounded
        std::string log;   ///< what the gadget wrote to standard error, bounded
    };

    Test* find(const Record& record);
    void apply(Test& test, const Record& record, std::vector<Record>& replies);
    static void prepare_matcher(Test& test);
    static void stop_when_satisfied(Test& test, const std::string& id, std::vector<Record>& replies);
    static void judge(const Test& test, unsigned patience, TestResult& result);
    static std::string missing_message(const Test& test);
    static void judge_attached(const Test& test, TestResult& result);
    static void judge_early_end(const Test& test, TestResult& result);
    static void judge_unfinished(const Test& test, const RunEnd& end, TestResult& result);
    static void keep_logs(const Test& test, const std::filesystem::path& folder, TestResult& result);

    KernelSelector kernel_;
    Tell tell_;
    unsigned patience_;
    std::vector<Test> tests_;
    std::string release_;
};

/// The file that the recording of the test with this number has in the Cargo.
[[nodiscard]] std::string recording_name(std::size_t test);

/// The job that makes the agent run `scenarios`; for the paths see Cargo.
[[nodiscard]] Job make_job(const std::vector<Scenario>& scenarios, const std::string& object,
                           const std::string& manifest, unsigned patience);

}  // namespace gadget::testkit
