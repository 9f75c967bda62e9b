// SPDX-License-Identifier: Apache-2.0
// What the validator says about a kernel offline, against what that kernel says when it is asked.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "gadget/testkit.h"
#include "gadget/validator.h"
#include "machine.h"

namespace gadget {
namespace {

namespace fs = std::filesystem;
using model::Arch;
using validator::KernelVerdict;

const char* const kObjects[] = {"plain",          "new_field", "guarded_field", "new_helper",
                                "guarded_helper", "new_map",   "fentry",        "open_call"};

fs::path cache_folder() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return fs::path(value == nullptr ? "" : value);
    };
    if (const auto given = variable("GADGET_CACHE"); !given.empty()) return given;
    if (const auto given = variable("XDG_CACHE_HOME"); given.is_absolute()) return given / "gadgetkit";
    const auto home = variable("HOME");
    return (home.is_absolute() ? home : fs::path("/tmp")) / ".cache/gadgetkit";
}

class NoObserver final : public testkit::TestObserver {
  public:
    void step(const testkit::KernelSelector&, std::string_view) override {}
    void finished(const testkit::TestResult&) override {}
};

struct Loaded {
    Bytes bytes;
    model::ObjectFacts facts;
};

Loaded load(const std::string& name) {
    const auto bytes = read_file(fs::path(GADGETKIT_VERDICT_OBJECTS) / (name + ".bpf.o"));
    EXPECT_TRUE(bytes.has_value()) << bytes.error().to_string();
    auto facts = validator::inspect(bytes.value_or(Bytes{}), {.object_name = name});
    EXPECT_TRUE(facts.has_value()) << facts.error().to_string();
    return {bytes.value_or(Bytes{}), facts.value_or(model::ObjectFacts{})};
}

/// Which facts about a kernel the package gives.
class KernelOfPackage : public testing::TestWithParam<testkit::KernelSelector> {
  protected:
    void SetUp() override {
        testkit::KernelStore store(cache_folder());
        NoProgress silent;
        const auto kernel = store.fetch(GetParam().id, GetParam().arch, silent, CancelToken{});
        if (!kernel && (kernel.error().requirement || kernel.error().code == ErrorCode::not_found))
            GTEST_SKIP() << "missing: " << kernel.error().to_string();
        ASSERT_TRUE(kernel) << kernel.error().to_string();
        auto facts = testkit::kernel_facts(*kernel, cache_folder());
        ASSERT_TRUE(facts) << facts.error().to_string();
        facts_ = *std::move(facts);
    }
    [[nodiscard]] KernelVerdict offline(const std::string& name, std::string* why) const {
        const auto object = load(name);
        const auto row = validator::check_kernel(object.bytes, object.facts, facts_);
        EXPECT_TRUE(row.has_value()) << row.error().to_string();
        if (!row) return KernelVerdict::unknown;
        for (const auto& reason : row->object) *why += reason.message + "; ";
        for (const auto& cell : row->programs) {
            for (const auto& reason : cell.reasons) *why += reason.message + "; ";
        }
        return row->verdict();
    }
    model::KernelFacts facts_;
};

TEST_P(KernelOfPackage, HasItsTypesAndSymbols) {
    EXPECT_GT(facts_.btf.size(), 1'000'000U);
    for (const auto* name : {"vfs_read", "register_kprobe", "uprobe_register", "tcp_v4_connect"})
        EXPECT_TRUE(facts_.symbols.has_function(name)) << name;
    EXPECT_FALSE(facts_.symbols.has("no_such_function"));
}

TEST_P(KernelOfPackage, HasItsTracepointsWhereTheImageTells) {
    if (!facts_.symbols.has("__tracepoint_sched_switch")) {
        EXPECT_FALSE(facts_.tracepoints.has_value());
        GTEST_SKIP() << "missing: data symbols in the image (CONFIG_KALLSYMS_ALL)";
    }
    ASSERT_TRUE(facts_.tracepoints.has_value());
    const auto& known = *facts_.tracepoints;
    for (const auto* name :
         {"sched/sched_switch", "sched/sched_process_exec", "syscalls/sys_enter_openat",
          "syscalls/sys_exit_openat", "signal/signal_generate", "sock/inet_sock_set_state"})
        EXPECT_TRUE(std::binary_search(known.begin(), known.end(), name)) << name;
    EXPECT_EQ(std::binary_search(known.begin(), known.end(), "syscalls/sys_enter_open"),
              facts_.arch == Arch::amd64);
}

TEST_P(KernelOfPackage, HasItsSystemCalls) {
    ASSERT_TRUE(facts_.system_calls.has_value());
    const auto has = [&](const char* name) {
        return std::binary_search(facts_.system_calls->begin(), facts_.system_calls->end(), name);
    };
    for (const auto* name : {"read", "openat", "openat2", "execve", "io_uring_setup", "clone3"})
        EXPECT_TRUE(has(name)) << name;
    EXPECT_FALSE(has("ni_syscall"));
    for (const auto* name : {"open", "fork", "rename"})
        EXPECT_EQ(has(name), facts_.arch == Arch::amd64) << name;
}

TEST_P(KernelOfPackage, IsQuickerTheSecondTime) {
    testkit::KernelStore store(cache_folder());
    const auto kernel = store.find(GetParam().id, GetParam().arch);
    ASSERT_TRUE(kernel);
    const auto stored = cache_folder() / "kernel-facts" / (kernel->sha256 + ".names");
    EXPECT_TRUE(fs::exists(stored));
    const auto again = testkit::kernel_facts(*kernel, cache_folder());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->symbols.to_text(), facts_.symbols.to_text());
    EXPECT_EQ(again->tracepoints, facts_.tracepoints);
}

// Loads every object in a machine with that kernel; skips where there is no machine.
TEST_P(KernelOfPackage, GivesTheVerdictThatTheKernelGives) {
    const auto arch = GetParam().arch;
    if (const auto qemu = testkit::check_machine(arch, CancelToken{}); !qemu)
        GTEST_SKIP() << "missing: " << qemu.error().requirement->feature;
    const fs::path runner =
        arch == model::host_arch() ? fs::path(GADGETKIT_RUNNER) : fs::path(GADGETKIT_OTHER_RUNNER);
    if (!fs::exists(runner))
        GTEST_SKIP() << "missing: " << runner.filename() << " for " << model::to_string(arch);
    for (const std::string name : kObjects) {
        const auto object = load(name);
        testkit::TestRequest request{.gadget = name,
                                     .objects = {{arch, object.bytes}},
                                     .scenarios = {testkit::Scenario{.name = "loads", .file = "loads.yaml"}},
                                     .kernels = {GetParam()},
                                     .runners = {{arch, runner}},
                                     .cache = cache_folder(),
                                     .boot_timeout = std::chrono::minutes(3)};
        NoObserver observer;
        const auto results = testkit::run_tests(request, observer, CancelToken{});
        ASSERT_TRUE(results) << results.error().to_string();
        ASSERT_EQ(results->size(), 1U);
        const auto& result = results->front();
        using enum testkit::FailureClass;
        const bool refused = result.failure == load_refused || result.failure == attach_refused ||
                             result.failure == missing_feature;
        ASSERT_TRUE(refused || result.outcome == testkit::Outcome::passed)
            << name << ": " << to_string(result.failure) << ": " << result.message;
        std::string why;
        EXPECT_EQ(offline(name, &why) == KernelVerdict::fails, refused)
            << name << " on " << GetParam().to_string() << ": the kernel says '" << result.message
            << "', offline is said '" << why << "'";
    }
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, KernelOfPackage,
    testing::Values(testkit::KernelSelector{"5.10", Arch::amd64}, testkit::KernelSelector{"6.1", Arch::amd64},
                    testkit::KernelSelector{"6.12", Arch::amd64}, testkit::KernelSelector{"7.2", Arch::amd64},
                    testkit::KernelSelector{"7.3", Arch::amd64}, testkit::KernelSelector{"5.10", Arch::arm64},
                    testkit::KernelSelector{"6.1", Arch::arm64}, testkit::KernelSelector{"6.12", Arch::arm64},
                    testkit::KernelSelector{"7.2", Arch::arm64}),
    [](const auto& name) {
        auto text = name.param.to_string();
        std::replace_if(text.begin(), text.end(), [](char c) { return c == '.' || c == '/'; }, '_');
        return text;
    });

}  // namespace
}  // namespace gadget
