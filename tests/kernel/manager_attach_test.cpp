// SPDX-License-Identifier: Apache-2.0
// One hook after the other: it fires, it stops, and its failures name what is missing.
#include <sys/auxv.h>
#include <unistd.h>

#include <set>

#include "gadget/support/files.h"
#include "kernel_fixture.h"

namespace gadget::runtime {
namespace {

using Attach = KernelTest;

/// Starts one probe of fire.bpf.c; the caller checks `started`.
struct OneProbe {
    std::optional<Manager> manager;
    Result<void> started;

    explicit OneProbe(ProbeSpec spec, const std::string& object = "fire") {
        ManagerSpec manager_spec = spec_of(object);
        manager_spec.probes = {std::move(spec)};
        auto created = Manager::create(std::move(manager_spec));
        if (!created) {
            started = std::move(created).error();
            return;
        }
        manager.emplace(std::move(*created));
        started = manager->init();
        if (started) started = manager->start();
    }
};

TEST_F(Attach, Case101_TracepointFiresOnOwnSystemCalls) {
    OneProbe one(probe("on_tracepoint"));
    GADGET_SKIP_IF_UNSUPPORTED(one.started);
    ASSERT_OK(one.started);
    fire(4);
    EXPECT_EQ(count_of(*one.manager, kHitTracepoint), 4U);
}

TEST_F(Attach, Case101_TracepointTargetOverridesTheSection) {
    OneProbe one(probe("on_tracepoint", Tracepoint{"syscalls", "sys_enter_getsid"}));
    GADGET_SKIP_IF_UNSUPPORTED(one.started);
    ASSERT_OK(one.started);
    fire(4);
    EXPECT_EQ(count_of(*one.manager, kHitTracepoint), 0U);
    (void)getsid(0);
    EXPECT_EQ(count_of(*one.manager, kHitTracepoint), 1U);
}

TEST_F(Attach, TracepointWithFewerFieldsThanTheProgramReads) {
    OneProbe one(probe("on_tracepoint", Tracepoint{"syscalls", "sys_enter_getppid"}));
    GADGET_SKIP_IF_UNSUPPORTED(one.started);
    ASSERT_FALSE(one.started);
    EXPECT_EQ(one.started.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(one.started.error().message.find("reads more than the fields"), std::string::npos);
}

TEST_F(Attach, MissingTracepointIsNamedWithASuggestion) {
    OneProbe one(probe("on_tracepoint", Tracepoint{"sched", "sched_swich"}));
    GADGET_SKIP_IF_UNSUPPORTED(one.started);
    ASSERT_FALSE(one.started);
    EXPECT_EQ(one.started.error().code, ErrorCode::not_found);
    EXPECT_NE(one.started.error().hint.find("sched_switch"), std::string::npos)
        << one.started.error().to_string();
}

TEST_F(Attach, TracepointNameCannotLeaveItsFolder) {
    OneProbe one(probe("on_tracepoint", Tracepoint{"..", "../etc"}));
    ASSERT_FALSE(one.started);
    EXPECT_EQ(one.started.error().code, ErrorCode::invalid_argument);
}

TEST_F(Attach, Case102_RawTracepointBySectionAndByName) {
    OneProbe by_section(probe("on_raw"));
    ASSERT_OK(by_section.started);
    OneProbe by_name(probe("on_raw", Tracepoint{.name = "sys_enter"}));
    ASSERT_OK(by_name.started);
    fire(2);
    EXPECT_EQ(count_of(*by_section.manager, kHitRaw), 2U);
    EXPECT_EQ(count_of(*by_name.manager, kHitRaw), 2U);
    OneProbe missing(probe("on_raw", Tracepoint{.name = "sys_center"}));
    ASSERT_FALSE(missing.started);
    EXPECT_EQ(missing.started.error().code, ErrorCode::not_found);
}

TEST_F(Attach, BtfTracepointFires) {
    OneProbe one(probe("on_btf"));
    GADGET_SKIP_IF_UNSUPPORTED(one.started);
    ASSERT_OK(one.started);
    fire(3);
    EXPECT_EQ(count_of(*one.manager, kHitBtf), 3U);
}

TEST_F(Attach, Case097_UprobeAndUretprobeOnAFunctionOfThisProgram) {
    OneProbe entry(probe("on_uprobe", own_function()));
    GADGET_SKIP_IF_UNSUPPORTED(entry.started);
    ASSERT_OK(entry.started);
    OneProbe exit(probe("on_uretprobe", own_function()));
    ASSERT_OK(exit.started);
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(gadget_test_target(2), 3);
    EXPECT_EQ(count_of(*entry.manager, kHitUprobe), 2U);
    EXPECT_EQ(count_of(*exit.manager, kHitUretprobe), 2U);
    ASSERT_OK(entry.manager->stop());
    EXPECT_EQ(gadget_test_target(3), 4);
    EXPECT_EQ(count_of(*exit.manager, kHitUretprobe), 3U);
}

TEST_F(Attach, Case097_UprobePidFilter) {
    UserFunction target = own_function();
    target.pid = getppid();
    OneProbe other(probe("on_uprobe", target));
    GADGET_SKIP_IF_UNSUPPORTED(other.started);
    ASSERT_OK(other.started);
    target.pid = getpid();
    OneProbe own(probe("on_uprobe", target));
    ASSERT_OK(own.started);
    (void)gadget_test_target(1);
    EXPECT_EQ(count_of(*other.manager, kHitUprobe), 0U);
    EXPECT_EQ(count_of(*own.manager, kHitUprobe), 1U);
}

TEST_F(Attach, Case097_UprobeInALibraryByBareName) {
    UserFunction target;
    target.binary = "libc.so.6";
    target.symbol = "getsid";  // in the dynamic symbol table only
    target.pid = getpid();
    OneProbe one(probe("on_uprobe", target));
    if (!one.started && one.started.error().code == ErrorCode::not_found &&
        one.started.error().message.find("usual folders") != std::string::npos) {
        GTEST_SKIP() << "missing: a shared C library";
    }
    GADGET_SKIP_IF_UNSUPPORTED(one.started);
    ASSERT_OK(one.started);
}

TEST_F(Attach, Case097_UnknownFunctionIsNamedWithASuggestion) {
    OneProbe one(probe("on_uprobe", own_function("gadget_test_targte")));
    ASSERT_FALSE(one.started);
    EXPECT_EQ(one.started.error().code, ErrorCode::not_found);
    EXPECT_NE(one.started.error().hint.find("gadget_test_target"), std::string::npos)
        << one.started.error().to_string();
}

TEST_F(Attach, Case098_ImportedFunctionIsMissingNotAtOffsetZero) {
    if (getauxval(AT_BASE) == 0) GTEST_SKIP() << "missing: a dynamically linked test executable";
    OneProbe one(probe("on_uprobe", own_function("__libc_start_main")));
    ASSERT_FALSE(one.started);
    EXPECT_EQ(one.started.error().code, ErrorCode::not_found) << one.started.error().to_string();
}

TEST_F(Attach, Case106_UsdtWithItsArgument) {
    OneProbe one(probe("on_usdt",
                       UserTracepoint{.binary = "/proc/self/exe", .provider = "gadgetkit", .name = "tested"}),
                 "usdt");
    GADGET_SKIP_IF_UNSUPPORTED(one.started);
    ASSERT_OK(one.started);
    gadget_test_usdt(40);
    gadget_test_usdt(2);
    EXPECT_EQ(count_of(*one.manager, 0), 42U);
    ASSERT_OK(one.manager->pause());
    gadget_test_usdt(1);
    EXPECT_EQ(count_of(*one.manager, 0), 42U);
    OneProbe missing(
        probe("on_usdt",
              UserTracepoint{.binary = "/proc/self/exe", .provider = "gadgetkit", .name = "teste"}),
        "usdt");
    ASSERT_FALSE(missing.started);
    EXPECT_EQ(missing.started.error().code, ErrorCode::not_found) << missing.started.error().to_string();
}

TEST_F(Attach, Case105_IteratorIsReadable) {
    OneProbe one(probe("list_tasks"), "iter");
    GADGET_SKIP_IF_UNSUPPORTED(one.started);
    ASSERT_OK(one.started);
    for (int round = 0; round < 2; ++round) {
        auto fd = one.manager->open_iterator({"list_tasks"});
        ASSERT_OK(fd);
        const auto bytes = read_all(fd->get(), std::size_t{16} << 20, "iterator");
        ASSERT_OK(bytes);
        std::set<std::uint32_t> tasks;
        for (std::size_t at = 0; at + 4 <= bytes->size(); at += 4) {
            tasks.insert(value_of<std::uint32_t>(std::span(*bytes).subspan(at, 4)));
        }
        EXPECT_TRUE(tasks.contains(static_cast<std::uint32_t>(getpid())));
    }
    ASSERT_OK(one.manager->stop());
    EXPECT_FALSE(one.manager->open_iterator({"list_tasks"}));
}

TEST_F(Attach, Case121_PerfEventFiresOnEveryCpu) {
    OneProbe one(probe("on_perf_event", PerfEvent{.frequency = 1000}));
    GADGET_SKIP_IF_UNSUPPORTED(one.started);
    ASSERT_OK(one.started);
    // The CPU clock samples busy CPUs: this one, while it waits here.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(4);
    while (count_of(*one.manager, kHitPerfEvent) == 0) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    ASSERT_OK(one.manager->pause());
    const std::uint64_t paused = count_of(*one.manager, kHitPerfEvent);
    const auto quiet = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
    while (std::chrono::steady_clock::now() < quiet) {
    }
    EXPECT_EQ(count_of(*one.manager, kHitPerfEvent), paused);
}

TEST_F(Attach, Case122_UnknownPerfEventIsRefusedAndLeavesNothing) {
    const std::size_t before = open_fds();
    {
        OneProbe one(probe("on_perf_event", PerfEvent{.type = 1, .config = 9999, .frequency = 10}));
        ASSERT_FALSE(one.started);
        EXPECT_EQ(one.started.error().code, ErrorCode::unsupported) << one.started.error().to_string();
        OneProbe none(probe("on_perf_event", PerfEvent{}));
        ASSERT_FALSE(none.started);
        EXPECT_EQ(none.started.error().code, ErrorCode::invalid_argument);
    }
    EXPECT_EQ(open_fds(), before);
}

// Where kprobes exist they fire; where not, the error names them.
class KernelFunctionProbe : public Attach,
                            public testing::WithParamInterface<std::pair<const char*, std::uint32_t>> {};

TEST_P(KernelFunctionProbe, FiresOrNamesWhatIsMissing) {
    const auto [program, index] = GetParam();
    OneProbe one(probe(program), "kernel_functions");
    if (!one.started) {
        ASSERT_TRUE(one.started.error().requirement) << one.started.error().to_string();
        EXPECT_EQ(one.started.error().code, ErrorCode::unsupported);
        EXPECT_FALSE(one.started.error().requirement->feature.empty());
        EXPECT_EQ(one.started.error().to_string().find("ulimit"), std::string::npos);
        GTEST_SKIP() << "missing: " << one.started.error().requirement->feature;
    }
    fire(2);
    EXPECT_GE(count_of(*one.manager, index), 2U);
}

INSTANTIATE_TEST_SUITE_P(Case089, KernelFunctionProbe,
                         testing::Values(std::pair{"on_kprobe", 0U}, std::pair{"on_kretprobe", 1U},
                                         std::pair{"on_fentry", 2U}, std::pair{"on_fexit", 3U}),
                         [](const auto& parameter) { return std::string(parameter.param.first); });

TEST_F(Attach, WrongTargetForTheSectionIsRefused) {
    OneProbe one(probe("on_raw", own_function()));
    EXPECT_FALSE(one.started && one.manager->status().front().state != ProbeState::running);
    OneProbe tracepoint(probe("on_tracepoint", own_function()));
    ASSERT_FALSE(tracepoint.started);
    EXPECT_EQ(tracepoint.started.error().code, ErrorCode::invalid_argument);
    OneProbe kernel(probe("on_raw", KernelTarget{"schedule"}));
    ASSERT_FALSE(kernel.started);
    EXPECT_EQ(kernel.started.error().code, ErrorCode::invalid_argument);
}

TEST_F(Attach, UnknownKernelTargetIsNotFound) {
    OneProbe one(probe("on_btf", KernelTarget{"no_such_tracepoint"}));
    ASSERT_FALSE(one.started);
    EXPECT_EQ(one.started.error().code, ErrorCode::not_found) << one.started.error().to_string();
}

TEST_F(Attach, Case130_PauseReallyPauses) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw"), probe("on_btf"), probe("on_tracepoint"),
                   probe("on_uprobe", own_function())};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    const auto started = manager->start();
    GADGET_SKIP_IF_UNSUPPORTED(started);
    ASSERT_OK(started);
    const auto run = [] {
        fire(10);
        for (int i = 0; i < 10; ++i) (void)gadget_test_target(i);
    };
    const auto counts = [&] {
        return std::vector{count_of(*manager, kHitRaw), count_of(*manager, kHitBtf),
                           count_of(*manager, kHitTracepoint), count_of(*manager, kHitUprobe)};
    };
    run();
    EXPECT_EQ(counts(), (std::vector<std::uint64_t>{10, 10, 10, 10}));
    ASSERT_OK(manager->pause());
    ASSERT_OK(manager->pause());
    EXPECT_EQ(manager->state(), State::paused);
    EXPECT_EQ(manager->status().front().state, ProbeState::paused);
    run();
    EXPECT_EQ(counts(), (std::vector<std::uint64_t>{10, 10, 10, 10}));
    ASSERT_OK(manager->resume());
    ASSERT_OK(manager->resume());
    run();
    EXPECT_EQ(counts(), (std::vector<std::uint64_t>{20, 20, 20, 20}));
}

TEST_F(Attach, Case125_HooksOfOneProgramComeAndGo) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_uprobe", own_function()), probe("on_raw")};
    spec.probes.front().enabled = false;
    spec.probes.back().enabled = false;
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    ASSERT_OK(manager->start());
    (void)gadget_test_target(1);
    EXPECT_EQ(count_of(*manager, kHitUprobe), 0U);
    const auto first = manager->add_hook(probe("on_uprobe", own_function(), "one"));
    GADGET_SKIP_IF_UNSUPPORTED(first);
    ASSERT_OK(first);
    ASSERT_OK(manager->add_hook(probe("on_uprobe", own_function(), "two")));
    (void)gadget_test_target(1);
    EXPECT_EQ(count_of(*manager, kHitUprobe), 2U);
    ASSERT_OK(manager->remove_hook({"on_uprobe", "one"}));
    (void)gadget_test_target(1);
    EXPECT_EQ(count_of(*manager, kHitUprobe), 3U);
    // Case 126 and 127
    EXPECT_FALSE(manager->add_hook(probe("on_uprobe", own_function(), "two")));
    EXPECT_FALSE(manager->add_hook(probe("on_nothing", {}, "x")));
    const std::size_t probes = manager->status().size();
    EXPECT_FALSE(manager->add_hook(probe("on_raw", Tracepoint{.name = "sys_center"}, "three")));
    EXPECT_EQ(manager->status().size(), probes);
    EXPECT_FALSE(manager->remove_hook({"on_uprobe", "one"}));
}

TEST_F(Attach, Case135_PermanentFailuresAreNotRetried) {
    ProbeSpec spec = probe("on_uprobe", own_function("no_such_function_here"));
    spec.retries = 1000;
    spec.retry_delay = std::chrono::hours(1);  // the test would never end
    OneProbe one(spec);
    ASSERT_FALSE(one.started);
    EXPECT_EQ(one.started.error().code, ErrorCode::not_found);
}

TEST_F(Attach, StatusTellsTheTarget) {
    OneProbe one(probe("on_uprobe", own_function()));
    ASSERT_OK(one.started);
    EXPECT_EQ(one.manager->status().front().target, "uprobe /proc/self/exe:gadget_test_target");
}

}  // namespace
}  // namespace gadget::runtime
