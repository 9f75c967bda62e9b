// SPDX-License-Identifier: Apache-2.0
// Over and over: no descriptor, map, program, link or memory stays behind, and death in any phase leaves
// nothing.
#include <bpf/bpf.h>
#include <malloc.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <random>
#include <thread>

#include "kernel_fixture.h"
#include "tracefs.h"

namespace gadget::runtime {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Stress = KernelTest;

/// What the whole kernel holds, and what this process does.
struct Inventory {
    std::size_t programs = 0;
    std::size_t maps = 0;
    std::size_t links = 0;
    std::size_t descriptors = 0;
    std::size_t events = 0;

    static std::size_t count(int (*next)(__u32, __u32*)) {
        std::size_t number = 0;
        for (__u32 id = 0; next(id, &id) == 0;) ++number;
        return number;
    }
    static Inventory take() {
        Inventory now;
        now.programs = count(bpf_prog_get_next_id);
        now.maps = count(bpf_map_get_next_id);
        now.links = count(bpf_link_get_next_id);
        now.descriptors = open_fds();
        if (const auto tracefs = open_tracefs()) {
            const std::string events = read_small_file(tracefs->get(), "uprobe_events").value_or("");
            for (std::size_t at = 0; (at = events.find("gadgetkit/", at)) != std::string::npos; ++at)
                ++now.events;
        }
        return now;
    }
    [[nodiscard]] bool holds_more_than(const Inventory& other) const {
        return programs > other.programs || maps > other.maps || links > other.links ||
               descriptors > other.descriptors || events > other.events;
    }
    friend std::ostream& operator<<(std::ostream& out, const Inventory& it) {
        return out << it.programs << " programs, " << it.maps << " maps, " << it.links << " links, "
                   << it.descriptors << " descriptors, " << it.events << " events";
    }
};

/// The kernel frees in the background, and other processes come and go: what matters is whether it ever gets
/// back.
testing::AssertionResult gets_back_to(const Inventory& before) {
    const auto deadline = Clock::now() + 60s;
    Inventory now = Inventory::take();
    while (now.holds_more_than(before)) {
        if (Clock::now() > deadline)
            return testing::AssertionFailure() << "before: " << before << "; afterwards: " << now;
        std::this_thread::sleep_for(100ms);
        now = Inventory::take();
    }
    return testing::AssertionSuccess();
}

std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(getpagesize());
}

TEST_F(Stress, Case018_TenThousandCyclesLeaveNothing) {
    constexpr int kCycles = 10'000;
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw")};
    spec.ring_buffers = {{.map = "events", .on_record = [](auto) {}}};
    auto manager = Manager::create(spec);
    ASSERT_OK(manager);
    const auto cycle = [&] {
        ASSERT_OK(manager->init());
        ASSERT_OK(manager->start());
        ASSERT_OK(manager->stop());
    };
    for (int i = 0; i < 100 && !HasFatalFailure(); ++i) cycle();  // what is kept for good is there now
    const Inventory before = Inventory::take();
    (void)malloc_trim(0);
    const std::size_t memory = resident_bytes();
    for (int i = 0; i < kCycles && !HasFatalFailure(); ++i) cycle();
    EXPECT_TRUE(gets_back_to(before));
    (void)malloc_trim(0);
    EXPECT_LT(resident_bytes(), memory + (std::size_t{1} << 20)) << "a hundred bytes a cycle would show";
}

TEST_F(Stress, FourThreadsAttachAndDetachUnderLoad) {
    const Inventory before = Inventory::take();
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw")};
    spec.ring_buffers = {{.map = "events", .on_record = [](auto) {}}};
    std::atomic<bool> done = false;
    std::string failure;
    {
        START_OR_SKIP(manager, spec);
        std::thread load([&] {
            while (!done) {
                fire(100);
                (void)gadget_test_target(1);
                (void)manager->consume(1000);
            }
        });
        std::mutex failures;
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&, i] {
                for (int round = 0; round < 250; ++round) {
                    ProbeSpec hook;
                    hook.id = {"on_raw", "thread " + std::to_string(i)};
                    auto outcome = manager->add_hook(hook);
                    if (outcome) outcome = manager->remove_hook(hook.id);
                    if (outcome && round % 10 == 0) {
                        auto own = start_manager(spec_of("maps"));
                        outcome = own ? own->stop() : Result<void>(own.error());
                    }
                    if (outcome) continue;
                    const std::lock_guard lock(failures);
                    failure = outcome.error().to_string();
                    return;
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        done = true;
        load.join();
        EXPECT_EQ(failure, "");
        EXPECT_GT(count_of(*manager, kHitRaw), 0U);
    }
    EXPECT_TRUE(gets_back_to(before));
}

TEST_F(Stress, KilledInAnyPhaseLeavesOnlyWhatWasPinned) {
    const BpfFs fs;
    if (!fs.mounted) GTEST_SKIP() << "missing: the bpf file system";
    const auto pin = fs / "hits";
    const auto life = [&] {
        ManagerSpec spec = spec_of("fire");
        spec.map_edits = {{.map = "hits", .pin_path = pin}};
        UserFunction target = own_function();
        spec.probes = {probe("on_raw"), probe("on_uprobe", target)};
        spec.ring_buffers = {{.map = "events", .on_record = [](auto) {}}};
        while (true) {
            auto manager = start_manager(spec);
            if (!manager) _exit(1);
            fire(10);
            (void)manager->pause();
            (void)manager->resume();
            (void)manager->consume();
            (void)manager->stop();
        }
    };
    {
        ManagerSpec spec = spec_of("fire");  // so that the pin is there before
        spec.map_edits = {{.map = "hits", .pin_path = pin}};
        ASSERT_OK(init_manager(spec));
    }
    const Inventory before = Inventory::take();
    std::mt19937 random(4711);
    for (int round = 0; round < 60; ++round) {
        const pid_t child = fork();
        if (child == 0) life();
        ASSERT_GT(child, 0);
        std::this_thread::sleep_for(
            std::chrono::microseconds(random() % 60'000));  // which phase is left to chance
        ASSERT_EQ(kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself with " << WEXITSTATUS(status);
    }
    EXPECT_TRUE(gets_back_to(before));
    EXPECT_TRUE(std::filesystem::exists(pin)) << "pinned on purpose";
}

}  // namespace
}  // namespace gadget::runtime
