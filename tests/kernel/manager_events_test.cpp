// SPDX-License-Identifier: Apache-2.0
// Probes as events of the tracing file system: which method is taken, what is left behind, what goes.
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "kernel_fixture.h"
#include "owner.h"
#include "trace_event.h"
#include "tracefs.h"

namespace gadget::runtime {
namespace {

std::string definitions(const char* file) {
    const auto tracefs = open_tracefs();
    if (!tracefs) return {};
    return read_small_file(tracefs->get(), file).value_or("");
}
std::string uprobe_events() {
    return definitions("uprobe_events");
}
bool define(const std::string& line) {
    const auto tracefs = open_tracefs();
    const UniqueFd file(tracefs ? openat(tracefs->get(), "uprobe_events", O_WRONLY | O_APPEND | O_CLOEXEC)
                                : -1);
    return file && write(file.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

struct Events : KernelTest {
    void SetUp() override {
        KernelTest::SetUp();
        if (IsSkipped()) return;
        const auto tracefs = open_tracefs();
        if (!tracefs || faccessat(tracefs->get(), "uprobe_events", W_OK, 0) != 0)
            GTEST_SKIP() << "missing: uprobe_events";
    }
    static ManagerSpec by_event(std::string uid = {}, std::string symbol = "gadget_test_target") {
        ManagerSpec spec = spec_of("fire");
        UserFunction target = own_function(std::move(symbol));
        target.method = ProbeMethod::events;
        spec.probes = {probe("on_uprobe", target, std::move(uid))};
        return spec;
    }
};

TEST_F(Events, Case099_EventGoesWithItsProbe) {
    START_OR_SKIP(manager, by_event("seen"));
    const std::string method = manager->status().front().method;
    ASSERT_TRUE(method.starts_with("trace event gadgetkit/p_gadget_test_target_seen_")) << method;
    const std::string name = method.substr(std::string("trace event ").size());
    EXPECT_NE(uprobe_events().find(name), std::string::npos);
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, kHitUprobe), 1U);
    ASSERT_OK(manager->pause());
    EXPECT_EQ(uprobe_events().find(name), std::string::npos);
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, kHitUprobe), 1U);
}

TEST_F(Events, Case092_LongestNameIsAccepted) {
    START_OR_SKIP(manager,
                  by_event("u", "gadget_test_target_with_a_name_that_is_longer_than_an_event_may_be_called"));
    const std::string method = manager->status().front().method;
    const std::string name = method.substr(method.find('/') + 1);
    EXPECT_EQ(name.size(), kMaxEventName) << name;
    EXPECT_NE(uprobe_events().find(name), std::string::npos);
    EXPECT_EQ(gadget_test_target_with_a_name_that_is_longer_than_an_event_may_be_called(1), 1);
    EXPECT_EQ(count_of(*manager, kHitUprobe), 1U);
}

TEST_F(Events, Case090_MethodsAndTheirFallbacks) {
    ManagerSpec spec = by_event();
    const auto method = [&] {
        auto manager = start_manager(spec);
        EXPECT_TRUE(manager.has_value()) << manager.error().to_string();
        return manager ? manager->status().front().method.substr(0, 5) : "";
    };
    EXPECT_EQ(method(), "trace");
    std::get<UserFunction>(spec.probes.front().target).method = ProbeMethod::perf;
    EXPECT_EQ(method(), "perf ");
    std::get<UserFunction>(spec.probes.front().target).method = ProbeMethod::automatic;
    EXPECT_EQ(method(), "perf ");
    spec.options.event_sources = "/nonexistent";  // a kernel without the PMU
    EXPECT_EQ(method(), "trace");
    std::get<UserFunction>(spec.probes.front().target).method = ProbeMethod::perf;
    EXPECT_EQ(method(), "trace");
    // An event that cannot be made: the PMU takes its place.
    spec.options.event_sources = Options().event_sources;
    std::get<UserFunction>(spec.probes.front().target).method = ProbeMethod::events;
    spec.options.host_proc = "/nonexistent";
    EXPECT_EQ(method(), "perf ");
    // The PMU that is there is not given up because of a bad target.
    std::get<UserFunction>(spec.probes.front().target).method = ProbeMethod::perf;
    std::get<UserFunction>(spec.probes.front().target).symbol = "no_such_function_anywhere";
    EXPECT_FALSE(start_manager(spec));
}

TEST_F(Events, Case090_MaxActiveIsInTheDefinition) {
    ManagerSpec spec = spec_of("hooks");
    spec.probes = {
        probe("on_function_return", KernelFunction{.symbol = "security_task_getpgid", .max_active = 64})};
    START_OR_SKIP(manager, spec);
    EXPECT_NE(definitions("kprobe_events").find("r64:gadgetkit/r_security_task_getpgid_"), std::string::npos)
        << definitions("kprobe_events");
    fire(3);
    EXPECT_EQ(count_of(*manager, 6), 3U);
    ASSERT_OK(manager->stop());
    EXPECT_EQ(definitions("kprobe_events").find("gadgetkit/"), std::string::npos);
    spec.probes = {probe("on_function", KernelFunction{.symbol = "security_task_getpgid", .max_active = 64})};
    EXPECT_FALSE(start_manager(spec)) << "only return probes count what is active";
}

TEST_F(Events, Case136_BusyEventIsTriedAgain) {
    START_OR_SKIP(manager, by_event("busy"));
    const std::string method = manager->status().front().method;
    const std::string name = method.substr(std::string("trace event ").size());
    const auto tracefs = open_tracefs();
    ASSERT_OK(tracefs);
    perf_event_attr attributes{};
    attributes.size = sizeof(attributes);
    attributes.type = PERF_TYPE_TRACEPOINT;
    attributes.config = static_cast<std::uint64_t>(
        std::stoul(read_small_file(tracefs->get(), "events/" + name + "/id").value_or("0")));
    UniqueFd holder(
        static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
    ASSERT_TRUE(holder) << std::strerror(errno);
    SyscallCount writes(SYS_write);
    if (!writes.works()) GTEST_SKIP() << "missing: raw tracepoints";
    const auto stopped = manager->stop();
    EXPECT_GE(writes.take(), 10U) << "it is tried again and again";
    ASSERT_FALSE(stopped) << "but not for ever";
    EXPECT_NE(stopped.error().message.find(name.substr(name.find('/') + 1)), std::string::npos);
    EXPECT_EQ(manager->state(), State::reset);
    holder.reset();
    EXPECT_TRUE(define("-:" + name + "\n")) << "somebody held it";
}

TEST_F(Events, Case138_OnlyLeftoversOfDeadManagersGo) {
    // A manager that is killed; one that lives; and somebody else's events with names that look like old
    // ones.
    std::array<int, 2> pipe_fds{};
    ASSERT_EQ(pipe(pipe_fds.data()), 0);
    const UniqueFd reader(pipe_fds[0]);
    const UniqueFd writer(pipe_fds[1]);
    const pid_t child = fork();
    if (child == 0) {
        const auto manager = start_manager(by_event("dead"));
        const char ready = manager ? 'y' : 'n';
        (void)!write(writer.get(), &ready, 1);
        while (true) pause();
    }
    char ready = 'n';
    ASSERT_EQ(read(reader.get(), &ready, 1), 1);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    if (ready != 'y') GTEST_SKIP() << "missing: uprobes by events";
    ASSERT_NE(uprobe_events().find("_dead_"), std::string::npos) << "an event outlives its maker";

    START_OR_SKIP(alive, by_event("alive"));
    const std::string exe = std::filesystem::read_symlink("/proc/self/exe").string();
    const std::vector<std::string> foreign{"uprobes/p_x_0", "uprobes/p_x_y_999999_1f_0_0", "gadgetkit/p_x_0"};
    for (const std::string& name : foreign)
        ASSERT_TRUE(define("p:" + name + " " + exe + ":0x1000\n")) << name;
    START_OR_SKIP(next, by_event("next"));
    EXPECT_EQ(uprobe_events().find("_dead_"), std::string::npos);
    EXPECT_NE(uprobe_events().find("_alive_"), std::string::npos);
    for (const std::string& name : foreign) {
        EXPECT_NE(uprobe_events().find(name), std::string::npos) << name;
        EXPECT_TRUE(define("-:" + name + "\n"));
    }
}

TEST_F(Events, Case139_ReusedProcessIdsNeitherProtectNorCondemn) {
    const auto self = find_owner("/proc");
    ASSERT_OK(self);
    const std::string exe = std::filesystem::read_symlink("/proc/self/exe").string();
    // Our own process id, but of a process that began at another time: it is dead.
    EventName before{false, "somebody", "before", *self, 0};
    before.owner.start += 1;
    const auto dead = event_name(before);
    const auto ours = event_name({false, "somebody", "ours", *self, 0});
    Owner elsewhere = *self;
    elsewhere.pid = 999'999'999;
    elsewhere.space ^= 1U;  // another namespace's number says nothing here
    const auto unknown = event_name({false, "somebody", "other", elsewhere, 0});
    for (const auto& name : {dead, ours, unknown}) {
        ASSERT_OK(name);
        ASSERT_TRUE(define("p:gadgetkit/" + *name + " " + exe + ":0x1000\n"));
    }
    EXPECT_EQ(remove_dead_events("/proc"), 1U);
    EXPECT_EQ(uprobe_events().find(*dead), std::string::npos);
    for (const auto& name : {ours, unknown}) {
        EXPECT_NE(uprobe_events().find(*name), std::string::npos);
        EXPECT_TRUE(define("-:gadgetkit/" + *name + "\n"));
    }
}

TEST_F(Events, Case142_ManyThreadsAttachAndDetach) {
    constexpr int kThreads = 8;
    constexpr int kRounds = 5;
    std::vector<std::string> failures(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([i, &failures] {
            for (int round = 0; round < kRounds && failures[static_cast<std::size_t>(i)].empty(); ++round) {
                auto manager = start_manager(by_event("thread"));
                auto stopped = manager ? manager->stop() : Result<void>(manager.error());
                if (!stopped) failures[static_cast<std::size_t>(i)] = stopped.error().to_string();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string& failure : failures) EXPECT_EQ(failure, "");
    EXPECT_EQ(uprobe_events().find("_thread_"), std::string::npos);
}

// How long it takes: bench/run BUILD runtime.
TEST_F(Events, Case143_ThreeHundredProbes) {
    ManagerSpec spec = spec_of("fire");
    for (int i = 0; i < 300; ++i) {
        spec.probes.push_back(probe("on_raw", {}, std::to_string(i)));
        spec.probes.back().own_copy = true;  // older kernels take a program once for each raw tracepoint
    }
    const std::size_t before = open_fds();
    START_OR_SKIP(manager, spec);
    fire(1);
    EXPECT_EQ(count_of(*manager, kHitRaw), 300U);
    ASSERT_OK(manager->stop());
    EXPECT_LE(open_fds(), before + 2) << "what a Manager has from create() on";
}

}  // namespace
}  // namespace gadget::runtime
