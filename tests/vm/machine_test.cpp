// SPDX-License-Identifier: Apache-2.0
// The test kit on real kernels, with a stand-in for the gadget: every way in which a machine and a gadget can
// go wrong is made to happen and must be told apart.
#include "machine.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "gadget/testkit.h"
#include "gadget/testkit/command.h"
#include "initramfs.h"
#include "test_cache.h"

namespace gadget::testkit {
namespace {

constexpr const char* kKernel = "6.12";

class Quiet final : public TestObserver {
  public:
    void step(const KernelSelector& kernel, std::string_view text) override {
        steps_ += kernel.to_string() + " " + std::string(text) + "\n";
    }
    void finished(const TestResult&) override { ++finished_; }
    std::string steps_;
    int finished_ = 0;
};

Scenario scenario(std::string name, std::vector<std::pair<std::string, std::string>> params = {}) {
    Scenario result{.name = std::move(name), .file = "test.yaml", .params = std::move(params)};
    result.expectations.push_back({.fields = {{.field = "ok", .values = {"yes"}}}});
    return result;
}

const std::pair<std::string, std::string> kGoodRow{"emit", R"({"ok":"yes"})"};

class MachineTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto arch = model::host_arch();
        if (const auto qemu = check_machine(arch, never_); !qemu)
            GTEST_SKIP() << "missing: " << qemu.error().requirement->feature;
        KernelStore store(cache_folder());
        const auto kernel = store.fetch(kKernel, arch, silent_, never_);
        if (!kernel && kernel.error().requirement)
            GTEST_SKIP() << "missing: " << kernel.error().requirement->feature;
        ASSERT_TRUE(kernel) << kernel.error().to_string();
        kernel_ = *kernel;
        request_.gadget = "fake";
        request_.objects[arch] = Bytes(16);
        request_.runners[arch] = FAKE_RUNNER;
        request_.kernels = {{kKernel, arch}};
        request_.cache = cache_folder();
    }
    std::vector<TestResult> run(std::vector<Scenario> scenarios) {
        request_.scenarios = std::move(scenarios);
        auto results = run_tests(request_, observer_, never_);
        EXPECT_TRUE(results) << results.error().to_string();
        return results ? *results : std::vector<TestResult>{};
    }
    TestResult run_one(std::vector<std::pair<std::string, std::string>> params) {
        auto results = run({scenario("only", std::move(params))});
        return results.empty() ? TestResult{} : results[0];
    }

    CancelToken never_{};
    NoProgress silent_{};
    Quiet observer_;
    Kernel kernel_;
    TestRequest request_;
};

TEST_F(MachineTest, RunsManyTestsInOneBootAndTellsGadgetFailuresApart) {
    std::vector<Scenario> scenarios{
        scenario("good", {kGoodRow}),
        scenario("wrong", {{"emit", R"({"ok":"no"})"}}),
        scenario("late", {kGoodRow, {"behave", "late"}}),
        scenario("refused", {{"behave", "refuse-load"}}),
        scenario("lacking", {{"behave", "missing-feature"}}),
        scenario("crashing", {{"behave", "crash"}}),
        scenario("mute", {{"behave", "never-ready"}}),
        scenario("garbage", {{"behave", "garbage"}, kGoodRow}),
        scenario("hanging", {kGoodRow, {"behave", "hang"}}),
        scenario("unattached", {{"behave", "refuse-attach"}}),
        scenario("splat", {kGoodRow, {"behave", "splat"}}),
        scenario("unstimulated", {kGoodRow}),
        scenario("good again", {kGoodRow}),
    };
    scenarios[11].steps = {{"opener", "open", {{"path", "${tmp}/nothing"}}}};
    scenarios[1].timeout_seconds = 1;
    scenarios[2].timeout_seconds = 1;  // its event comes only when the gadget is told to stop
    scenarios[6].timeout_seconds = 1;
    const auto results = run(std::move(scenarios));
    const FailureClass expected[] = {FailureClass::none,
                                     FailureClass::wrong_events,
                                     FailureClass::none,
                                     FailureClass::load_refused,
                                     FailureClass::missing_feature,
                                     FailureClass::gadget_crashed,
                                     FailureClass::gadget_hung,
                                     FailureClass::bad_output,
                                     FailureClass::gadget_hung,
                                     FailureClass::attach_refused,
                                     FailureClass::kernel_problem,
                                     FailureClass::stimulus_failed,
                                     FailureClass::none};
    const char* words[] = {"",
                           "ok is 'no'",
                           "",
                           "refused to load",
                           "lacks something",
                           "killed by signal",
                           "was not attached within",
                           "not JSON",
                           "did not end when it was told to",
                           "could not be attached",
                           "the kernel reported: WARNING",
                           "step 'opener'",
                           ""};
    ASSERT_EQ(results.size(), std::size(expected));
    for (std::size_t i = 0; i < results.size(); ++i) {
        EXPECT_EQ(results[i].failure, expected[i]) << results[i].scenario << ": " << results[i].message;
        EXPECT_EQ(results[i].release, kernel_.release);
        EXPECT_NE(results[i].message.find(words[i]), std::string::npos) << results[i].message;
        EXPECT_EQ(exit_status(std::vector{results[i]}), expected[i] == FailureClass::none ? 0 : 1);
    }
    EXPECT_EQ(observer_.finished_, 13);
}

TEST_F(MachineTest, StimuliDoWhatTheScenarioSays) {
    Scenario all = scenario("all", {{"emit", R"({"ok":"yes","pid":"${reader.pid}"})"}});
    all.steps = {
        {"reader",
         "open",
         {{"path", "${tmp}/nothing"},
          {"error", "ENOENT"},
          {"uid", "1000"},
          {"gid", "1001"},
          {"comm", "reader"}}},
        {"writer",
         "open",
         {{"path", "${tmp}/made"}, {"flags", "write,create"}, {"call", "openat2"}, {"repeat", "3"}}},
        {"denied",
         "open",
         {{"path", "${tmp}/made"}, {"flags", "write"}, {"uid", "1000"}, {"error", "EACCES"}}},
        {"starter", "exec", {{"path", "${tmp}/program"}, {"args", "one two"}}},
        {"absent", "exec", {{"path", "${tmp}/absent"}, {"error", "ENOENT"}}},
        {"parent", "fork", {{"status", "3"}}},
        {"killer", "signal", {{"signal", "SIGTERM"}}},
        {"lost", "signal", {{"signal", "SIGTERM"}, {"to", "999999"}, {"error", "ESRCH"}}},
    };
    all.expectations.push_back({.fields = {{.field = "pid", .values = {"${reader.pid}"}}}});
    Scenario wrong = scenario("wrong", {kGoodRow});
    wrong.steps = {{"opener", "open", {{"path", "${tmp}/nothing"}}}};
    const auto results = run({all, wrong});
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(results[0].outcome, Outcome::passed) << results[0].message;
    EXPECT_EQ(results[1].failure, FailureClass::stimulus_failed);
    EXPECT_NE(results[1].message.find("ENOENT"), std::string::npos) << results[1].message;
}

TEST_F(MachineTest, FeaturesAreProbed) {
    Scenario has = scenario("has", {kGoodRow});
    has.features = {"btf",     "kprobe", "uprobe", "tracepoint", "raw_tracepoint",
                    "ringbuf", "fentry", "lsm",    "cgroup2"};
    const auto results = run({has});
    EXPECT_EQ(results.at(0).outcome, Outcome::passed) << results[0].message;
}

TEST_F(MachineTest, AKernelThatPanicsIsBlamedOnItsTest) {
    const auto results = run({scenario("good", {kGoodRow}), scenario("panic", {{"behave", "panic"}}),
                              scenario("never", {kGoodRow})});
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[0].outcome, Outcome::passed) << results[0].message;
    EXPECT_EQ(results[1].failure, FailureClass::guest_panic) << results[1].message;
    EXPECT_EQ(results[1].outcome, Outcome::failed);
    EXPECT_NE(results[1].message.find("sysrq"), std::string::npos) << results[1].message;
    EXPECT_EQ(results[2].outcome, Outcome::error);
    EXPECT_EQ(exit_status(results), 6);
}

TEST_F(MachineTest, AMachineThatGoesOffIsATruncatedResult) {
    const auto result = run_one({{"behave", "power-off"}});
    EXPECT_EQ(result.failure, FailureClass::truncated_result) << result.message;
    EXPECT_NE(result.message.find("went off before its tests were over"), std::string::npos)
        << result.message;
    EXPECT_EQ(exit_status(std::vector{result}), 4);
}

TEST_F(MachineTest, GarbageOnEveryPortIsNoResult) {
    const auto results =
        run({scenario("good", {kGoodRow}), scenario("garbage", {kGoodRow, {"behave", "garbage-ports"}})});
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(results[1].failure, FailureClass::truncated_result) << results[1].message;
    EXPECT_NE(results[1].message.find("damaged or lost"), std::string::npos) << results[1].message;
    EXPECT_EQ(exit_status(results), 4);
}

TEST_F(MachineTest, WithoutQemuNothingRunsAndThePackageIsNamed) {
    const char* path = std::getenv("PATH");
    const std::string before = path == nullptr ? "" : path;
    ::setenv("PATH", "/nowhere", 1);
    const auto result = run_one({kGoodRow});
    ::setenv("PATH", before.c_str(), 1);
    EXPECT_EQ(result.failure, FailureClass::no_machine) << result.message;
    EXPECT_NE(result.message.find("qemu-system"), std::string::npos) << result.message;
    EXPECT_NE(result.suggestion.find("install the package"), std::string::npos) << result.suggestion;
    EXPECT_EQ(exit_status(std::vector{result}), 3);
}

TEST_F(MachineTest, AGadgetThatEatsTheMemoryIsToldFromOneThatCrashes) {
    const auto result = run_one({{"behave", "eat-memory"}});
    EXPECT_EQ(result.failure, FailureClass::out_of_memory) << result.message;
    EXPECT_NE(result.message.find("memory"), std::string::npos) << result.message;
    EXPECT_EQ(exit_status(std::vector{result}), 6);
}

TEST_F(MachineTest, ABootThatHangsEndsInTime) {
    request_.boot_timeout = std::chrono::milliseconds(300);
    const auto result = run_one({kGoodRow});
    EXPECT_EQ(result.failure, FailureClass::boot_failed) << result.message;
    EXPECT_EQ(exit_status(std::vector{result}), 5);
}

TEST_F(MachineTest, AnInitThatIsNoProgramFailsTheBoot) {
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    const auto runner = folder->path() / "runner";
    ASSERT_TRUE(write_file_atomic(runner, "not a program"));
    request_.runners[model::host_arch()] = runner;
    const auto result = run_one({kGoodRow});
    EXPECT_EQ(result.failure, FailureClass::boot_failed);
    EXPECT_NE(result.message.find("panic"), std::string::npos) << result.message;
}

TEST_F(MachineTest, AKernelThatIsNoneFailsTheBoot) {
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    Kernel broken = kernel_;
    broken.image = folder->path() / "vmlinux";
    ASSERT_TRUE(write_file_atomic(broken.image, std::string(100'000, 'x')));
    const auto runner = read_file(FAKE_RUNNER);
    ASSERT_TRUE(runner);
    const auto initramfs = make_initramfs(broken, *runner, {.nonce = "0"}, {});
    ASSERT_TRUE(initramfs);
    const MachineRequest machine{
        .kernel = &broken, .initramfs = *initramfs, .nonce = "0", .boot_timeout = std::chrono::seconds(5)};
    const auto end = run_machine(machine, [](const Record&) { return std::vector<Record>{}; }, never_);
    ASSERT_TRUE(end);
    ASSERT_TRUE(end->failure);
    EXPECT_EQ(end->failure->code, ErrorCode::boot_failed) << end->failure->message;
}

TEST_F(MachineTest, AnInterruptEndsEverything) {
    const UniqueFd wish(::eventfd(0, EFD_CLOEXEC));
    ASSERT_TRUE(wish);
    class Interrupting final : public TestObserver {
      public:
        explicit Interrupting(int fd) : fd_(fd) {}
        void step(const KernelSelector&, std::string_view text) override {
            const std::uint64_t one = 1;
            if (text.starts_with("booting")) (void)!::write(fd_, &one, sizeof one);
        }
        void finished(const TestResult&) override { FAIL() << "nothing was finished"; }

      private:
        int fd_;
    } observer(wish.get());
    request_.scenarios = {scenario("good", {kGoodRow})};
    const auto results = run_tests(request_, observer, {.fd = wish.get()});
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().code, ErrorCode::cancelled);
}

TEST_F(MachineTest, MissingPartsAreNamed) {
    request_.objects.clear();
    auto result = run_one({kGoodRow});
    EXPECT_EQ(result.failure, FailureClass::no_machine);
    EXPECT_NE(result.message.find("no object"), std::string::npos);
    request_.objects[model::host_arch()] = Bytes(16);
    request_.runners[model::host_arch()] = "/nowhere/gadget-run";
    result = run_one({kGoodRow});
    EXPECT_EQ(result.failure, FailureClass::no_machine);
    EXPECT_NE(result.message.find("gadget-run"), std::string::npos);
    request_.kernels = {{"4.19", model::host_arch()}};
    request_.runners[model::host_arch()] = FAKE_RUNNER;
    result = run_one({kGoodRow});
    EXPECT_EQ(result.failure, FailureClass::no_kernel) << result.message;
    EXPECT_EQ(exit_status(std::vector{result}), 3);
}

TEST_F(MachineTest, AProgramRunsInsideWithItsExitStatus) {
    class Lines final : public CommandObserver {
      public:
        void step(const KernelSelector&, std::string_view) override {}
        void line(const KernelSelector&, std::string_view text, bool is_error) override {
            (is_error ? errors_ : output_) += std::string(text) + "\n";
        }
        std::string output_;
        std::string errors_;
    } lines;
    // The stand-in ends with status 2 when it is not told to run anything.
    CommandRequest command{.program = FAKE_RUNNER,
                           .kernels = request_.kernels,
                           .runners = request_.runners,
                           .cache = cache_folder()};
    auto results = run_command_on_kernels(command, lines, never_);
    ASSERT_TRUE(results) << results.error().to_string();
    ASSERT_FALSE(results->at(0).failure) << results->at(0).failure->to_string();
    EXPECT_EQ(results->at(0).status, 2);
    EXPECT_EQ(results->at(0).release, kernel_.release);
    EXPECT_EQ(exit_status(*results), 2);

    command.arguments = {"run", "x", "--behave=refuse-load"};
    results = run_command_on_kernels(command, lines, never_);
    ASSERT_TRUE(results);
    EXPECT_EQ(exit_status(*results), 1);
    EXPECT_NE(lines.errors_.find("refused by the verifier"), std::string::npos) << lines.errors_;

    command.program = "/etc/hostname";
    EXPECT_FALSE(run_command_on_kernels(command, lines, never_));
}

class EveryKernelTest : public MachineTest, public testing::WithParamInterface<const char*> {
  protected:
    void SetUp() override {
        MachineTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        KernelStore store(cache_folder());
        const auto kernel = store.fetch(GetParam(), model::host_arch(), silent_, never_);
        if (!kernel && kernel.error().requirement)
            GTEST_SKIP() << "missing: " << kernel.error().requirement->feature;
        request_.kernels = {{GetParam(), model::host_arch()}};
    }
};

TEST_P(EveryKernelTest, LacksWhatItIsKnownToLackAndNothingElse) {
    const std::vector<std::string> features{
        "bpf",     "btf",    "kprobe", "uprobe", "tracepoint", "raw_tracepoint",
        "ringbuf", "fentry", "lsm",    "cgroup2"};
    request_.scenarios.clear();
    for (const auto& feature : features) {
        request_.scenarios.push_back(scenario(feature, {kGoodRow}));
        request_.scenarios.back().features = {feature};
    }
    Quiet quiet;
    const auto results = run_tests(request_, quiet, never_);
    ASSERT_TRUE(results);
    const auto lacks = known_lacks(request_.kernels[0]);
    ASSERT_EQ(results->size(), features.size());
    for (const auto& result : *results) {
        const auto known = lacks.find(result.scenario);
        EXPECT_EQ(result.outcome, known == lacks.end() ? Outcome::passed : Outcome::skipped)
            << result.scenario << ": " << result.message;
        if (known == lacks.end()) continue;
        EXPECT_NE(result.message.find(known->second), std::string::npos) << result.message;
    }
}

TEST_P(EveryKernelTest, BootsReportsAndPowersOff) {
    const auto result = run_one({kGoodRow});
    EXPECT_EQ(result.outcome, Outcome::passed) << result.message;
    EXPECT_TRUE(result.release.starts_with(GetParam())) << result.release;
}

INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernelTest, testing::Values("5.10", "6.1", "6.12", "7.3"),
                         [](const testing::TestParamInfo<const char*>& kernel) {
                             std::string name = "Linux";
                             for (const char c : std::string_view(kernel.param)) name += c == '.' ? '_' : c;
                             return name;
                         });

TEST(HostRun, RunsTheSameAgentInPlace) {
    TestRequest request;
    request.gadget = "fake";
    request.objects[model::host_arch()] = Bytes(16);
    request.runners[model::host_arch()] = FAKE_RUNNER;
    request.kernels = {{"host", model::host_arch()}};
    request.cache = cache_folder();
    Scenario open = scenario("open", {kGoodRow});
    open.steps = {{"o", "open", {{"path", "${tmp}/nothing"}, {"error", "ENOENT"}}}};
    request.scenarios = {open, scenario("wrong", {{"emit", "{}"}})};
    request.scenarios[1].timeout_seconds = 1;
    Quiet observer;
    const auto results = run_tests(request, observer, CancelToken{});
    ASSERT_TRUE(results);
    if (results->at(0).failure == FailureClass::no_permission) GTEST_SKIP() << results->at(0).message;
    EXPECT_EQ(results->at(0).outcome, Outcome::passed) << results->at(0).message;
    EXPECT_EQ(results->at(1).failure, FailureClass::wrong_events) << results->at(1).message;
}

}  // namespace
}  // namespace gadget::testkit
