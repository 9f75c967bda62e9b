// SPDX-License-Identifier: Apache-2.0
// Clones, hooks that come back, dumps, interrupted test runs.
#include <bpf/bpf.h>
#include <signal.h>
#include <sys/time.h>

#include "kernel_fixture.h"

namespace gadget::runtime {
namespace {

using Copies = KernelTest;

TEST_F(Copies, Case129_CloneWithConstantsOfItsOwn) {
    ManagerSpec spec = spec_of("asm_constants");
    spec.probes = {probe("on_both", own_function())};
    spec.constants = {{.name = "answer", .value = bytes_of(std::uint64_t{1})}};
    START_OR_SKIP(manager, spec);
    CloneSpec clone{.probe = probe("on_both", own_function(), "clone")};
    clone.constants = {{.name = "answer", .value = bytes_of(std::uint64_t{2})},
                       {.name = "constant", .value = bytes_of(std::uint64_t{7})}};
    ASSERT_OK(manager->clone_program(clone));
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, 0, "seen"), 1000U + 2007U);
    // Each is a program of its own in the kernel.
    const auto id_of = [](const Result<UniqueFd>& program) {
        bpf_prog_info info{};
        __u32 size = sizeof(info);
        return program && bpf_obj_get_info_by_fd(program->get(), &info, &size) == 0 ? info.id : 0;
    };
    const auto original = id_of(manager->probe_program_fd({"on_both"}));
    EXPECT_NE(original, 0U);
    EXPECT_EQ(original, id_of(manager->program_fd("on_both")));
    EXPECT_NE(id_of(manager->probe_program_fd({"on_both", "clone"})), 0U);
    EXPECT_NE(id_of(manager->probe_program_fd({"on_both", "clone"})), original);
    EXPECT_EQ(manager->probe_program_fd({"on_both", "nobody"}).error().code, ErrorCode::not_found);
    clone.probe.id.uid = "other";
    clone.constants.front().name = "unknown";
    EXPECT_EQ(manager->clone_program(clone).error().code, ErrorCode::not_found);
}

TEST_F(Copies, PerfEventUnderAProbe) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw"), probe("on_uprobe", own_function()),
                   probe("on_uprobe", own_function(), "event")};
    std::get<UserFunction>(spec.probes[2].target).method = ProbeMethod::events;
    START_OR_SKIP(manager, spec);
    for (const char* const uid : {"", "event"}) {
        const auto event = manager->perf_event_fd({"on_uprobe", uid});
        ASSERT_OK(event);
        EXPECT_EQ(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(event->get())),
                  "anon_inode:[perf_event]");
    }
    EXPECT_EQ(manager->perf_event_fd({"on_raw"}).error().code, ErrorCode::unsupported);
    ASSERT_OK(manager->pause());
    EXPECT_EQ(manager->perf_event_fd({"on_uprobe"}).error().code, ErrorCode::invalid_argument);
}

TEST_F(Copies, Case131_TakingAPausedProbeAwayClearsItsPause) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw"), probe("on_uprobe", own_function())};
    START_OR_SKIP(manager, spec);
    ASSERT_OK(manager->pause());
    ASSERT_OK(manager->remove_hook({"on_uprobe"}));
    ASSERT_OK(manager->resume());
    ASSERT_OK(manager->add_hook(probe("on_uprobe", own_function())));
    EXPECT_EQ(manager->status().back().state, ProbeState::running);
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, kHitUprobe), 1U);
}

TEST_F(Copies, Case132_DumpsOfMaps) {
    ManagerSpec spec = spec_of("maps");
    std::vector<std::string> asked;
    auto silent = init_manager(spec);
    ASSERT_OK(silent);
    EXPECT_EQ(silent->dump().value_or("x"), "") << "nobody was asked";
    spec.dumper = [&](const Manager& manager, const std::string& map) {
        asked.push_back(map);
        std::size_t elements = 0;
        (void)manager.for_each(map, [&](auto, auto) { return ++elements != 0; });
        return map + ": " + std::to_string(elements) + "\n";
    };
    auto manager = Manager::create(spec);
    ASSERT_OK(manager);
    EXPECT_FALSE(manager->dump()) << "not initialized";
    ASSERT_OK(manager->init());
    ASSERT_OK(manager->update("table", bytes_of(std::uint32_t{1}), bytes_of(std::uint64_t{1})));
    const std::vector<std::string> one{"table"};
    EXPECT_EQ(manager->dump(one).value_or(""), "table: 1\n");
    EXPECT_EQ(asked, one);
    asked.clear();
    ASSERT_OK(manager->dump());
    EXPECT_EQ(asked.size(), manager->maps().size());
    const std::vector<std::string> unknown{"nowhere"};
    EXPECT_EQ(manager->dump(unknown).error().code, ErrorCode::not_found);
}

volatile sig_atomic_t g_alarms = 0;

TEST_F(Copies, Case134_InterruptedTestRunBeginsAgain) {
    auto manager = init_manager(spec_of("maps"));
    ASSERT_OK(manager);
    const Bytes packet(64);
    struct sigaction action{};
    struct sigaction before{};
    action.sa_handler = [](int) { g_alarms = g_alarms + 1; };
    ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
    const itimerval none{};
    const itimerval again_and_again{{0, 5'000}, {0, 5'000}};
    int restarts = 0;
    Result<TestRunOutcome> outcome = TestRunOutcome{};
    // Longer and longer runs, until one is under way when a signal comes; then there are no more signals.
    for (unsigned repeat = 1000; restarts == 0 && outcome && repeat < 1U << 30U; repeat *= 4) {
        ASSERT_EQ(setitimer(ITIMER_REAL, &again_and_again, nullptr), 0);
        outcome = manager->test_run("on_table", {.data = packet, .repeat = repeat, .on_restart = [&] {
                                                     (void)setitimer(ITIMER_REAL, &none, nullptr);
                                                     ++restarts;
                                                 }});
        (void)setitimer(ITIMER_REAL, &none, nullptr);
    }
    (void)sigaction(SIGALRM, &before, nullptr);
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->return_value, UINT32_MAX);
    EXPECT_GE(g_alarms, 1);
    EXPECT_GE(restarts, 1);
}

}  // namespace
}  // namespace gadget::runtime
