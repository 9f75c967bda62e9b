// SPDX-License-Identifier: Apache-2.0
// Over and over: no descriptor, map, program, link or memory stays behind, and death in any phase leaves
// nothing.
#include <bpf/bpf.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "kernel_fixture.h"
#include "tracefs.h"

namespace gadget::runtime {
namespace {

using Clock = std::chrono::steady_clock;

/// How often: all of it when GADGET_STRESS=full, else what takes seconds, and less of it in emulated
/// machines.
int times(int full, int usual, int emulated) {
    if (stress_is_full()) return full;
    return kernel_is_emulated() ? emulated : usual;
}

/// A word of this length that no other process uses at the same time.
std::string own_word(char first, std::size_t length) {
    std::string word(1, first);
    for (auto rest = static_cast<unsigned>(getpid()); word.size() < length; rest /= 36)
        word += "0123456789abcdefghijklmnopqrstuvwxyz"[rest % 36];
    return word;
}

struct Stress : KernelTest {
    const std::string raw = own_word('r', 6);
    const std::string uprobe = own_word('u', 3) + "uprobe";  // the section's name may be the end of this one
    const std::string hits = own_word('h', 4);
    const std::string events = own_word('e', 6);
    const std::string object = own_word('o', 8);

    /// fire.bpf.c with names that only this process gives: others load the same object meanwhile, and what is
    /// counted in the kernel shall be ours.
    [[nodiscard]] ManagerSpec spec() const {
        ManagerSpec spec = spec_of("fire");
        Bytes bytes = object_bytes("fire");
        rename(bytes, "on_raw", raw);
        rename(bytes, "on_uprobe", uprobe);
        rename(bytes, "hits", hits);
        rename(bytes, "events", events);
        spec.name = object;
        spec.object = ObjectBytes{std::move(bytes)};
        spec.probes = {probe(raw)};
        spec.ring_buffers = {{.map = events, .on_record = [](auto) {}}};
        return spec;
    }

  private:
    static void rename(Bytes& object, const std::string& from, const std::string& to) {
        const auto old_name = std::as_bytes(std::span(from.c_str(), from.size() + 1));
        const auto new_name = std::as_bytes(std::span(to.c_str(), to.size() + 1));
        ASSERT_EQ(old_name.size(), new_name.size());
        for (auto at = object.begin();; ++at) {
            at = std::ranges::search(at, object.end(), old_name.begin(), old_name.end()).begin();
            if (at == object.end()) return;
            std::ranges::copy(new_name, at);
        }
    }
};

/// What there is of ours in the kernel, and the descriptors of this process.
struct Inventory {
    std::size_t programs = 0;
    std::size_t maps = 0;
    std::size_t links = 0;
    std::size_t descriptors = 0;
    std::size_t events = 0;

    explicit Inventory(const Stress& test, const std::vector<pid_t>& makers = {}) : descriptors(open_fds()) {
        std::set<std::uint32_t> ours;
        each<bpf_prog_info>(bpf_prog_get_next_id, bpf_prog_get_fd_by_id, [&](const bpf_prog_info& info) {
            const std::string name = static_cast<const char*>(info.name);
            if (name == test.raw || name == test.uprobe) ours.insert(info.id);
        });
        programs = ours.size();
        each<bpf_map_info>(bpf_map_get_next_id, bpf_map_get_fd_by_id, [&](const bpf_map_info& info) {
            const std::string name = static_cast<const char*>(info.name);
            maps += name == test.hits || name == test.events || name.starts_with(test.object);
        });
        each<bpf_link_info>(bpf_link_get_next_id, bpf_link_get_fd_by_id,
                            [&](const bpf_link_info& info) { links += ours.contains(info.prog_id); });
        const auto tracefs = makers.empty() ? Result<UniqueFd>(UniqueFd()) : open_tracefs();
        if (!tracefs || !*tracefs) return;
        const std::string text = read_small_file(tracefs->get(), "uprobe_events").value_or("");
        for (const pid_t maker : makers)
            events += text.find("_" + std::to_string(maker) + "_") != std::string::npos;
    }
    [[nodiscard]] bool holds_more_than(const Inventory& other) const {
        return programs > other.programs || maps > other.maps || links > other.links ||
               descriptors > other.descriptors || events > other.events;
    }
    friend std::ostream& operator<<(std::ostream& out, const Inventory& it) {
        return out << it.programs << " programs, " << it.maps << " maps, " << it.links << " links, "
                   << it.descriptors << " descriptors, " << it.events << " events";
    }

  private:
    template <class Info, class Visit>
    static void each(int (*next)(__u32, __u32*), int (*open)(__u32), const Visit& visit) {
        for (__u32 id = 0; next(id, &id) == 0;) {
            const UniqueFd fd(open(id));
            Info info{};
            __u32 size = sizeof(info);
            if (fd && bpf_obj_get_info_by_fd(fd.get(), &info, &size) == 0) visit(info);
        }
    }
};

/// The kernel frees in the background: what matters is whether it ever gets back.
testing::AssertionResult gets_back_to(const Inventory& before, const Stress& test,
                                      const std::vector<pid_t>& makers = {}) {
    const auto deadline = Clock::now() + std::chrono::minutes(4);
    while (true) {
        const Inventory now(test, makers);
        if (!now.holds_more_than(before)) return testing::AssertionSuccess();
        if (Clock::now() > deadline)
            return testing::AssertionFailure() << "before: " << before << "; afterwards: " << now;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

/// Bytes that are allocated after `work`, which runs in a thread of its own: what a thread keeps of freed
/// memory for its next allocations counts as allocated until it ends, and is filled over hundreds of cycles.
std::size_t heap_after(const std::function<void()>& work) {
    std::thread(work).join();
    return mallinfo2().uordblks;
}

TEST_F(Stress, Case018_TenThousandCyclesLeaveNothing) {
    const int cycles = times(10'000, 300, 30);
    auto manager = Manager::create(spec());
    ASSERT_OK(manager);
    const auto cycle = [&] {
        ASSERT_OK(manager->init());
        ASSERT_OK(manager->start());
        ASSERT_OK(manager->stop());
    };
    const auto run = [&](int count) {
        return heap_after([&, count] {
            for (int i = 0; i < count && !HasFatalFailure(); ++i) cycle();
        });
    };
    (void)run(10);  // what is kept for good is there now
    EXPECT_TRUE(gets_back_to(Inventory(*this), *this));
    const Inventory before(*this);
    const std::size_t memory = run(2);
    const auto begin = Clock::now();
    const std::size_t memory_afterwards = run(cycles);
    const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
    RecordProperty("milliseconds_per_cycle", std::to_string(took.count() / cycles));
    EXPECT_LE(memory_afterwards, memory + 1024) << "however many cycles";
    EXPECT_TRUE(gets_back_to(before, *this));
}

TEST_F(Stress, FourThreadsAttachAndDetachUnderLoad) {
    const int rounds = times(1000, 10, 5);
    const Inventory before(*this);
    std::atomic<bool> done = false;
    std::string failure;
    {
        ManagerSpec both = spec();
        both.probes.push_back(probe(uprobe, own_function()));
        START_OR_SKIP(manager, both);
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
                const std::string uid = "thread " + std::to_string(i);
                for (int round = 0; round < rounds; ++round) {
                    // Not a hook: older kernels take a program once for each raw tracepoint.
                    auto outcome = manager->clone_program({.probe = probe(raw, {}, uid)});
                    if (outcome) outcome = manager->remove_hook({raw, uid});
                    if (outcome && round % 5 == 0) {
                        outcome = manager->add_hook(probe(uprobe, own_function(), uid));
                        if (outcome) outcome = manager->remove_hook({uprobe, uid});
                    }
                    if (outcome && round % 5 == 0) {
                        auto own = start_manager(spec());
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
        EXPECT_GT(count_of(*manager, kHitRaw, hits), 0U);
    }
    EXPECT_TRUE(gets_back_to(before, *this));
}

struct Killed : Stress {
    /// What the child is about to do, counted over all its lives.
    std::atomic<unsigned>* phase = nullptr;
    static constexpr unsigned kPhases = 7;
    std::optional<BpfFs> fs;

    void SetUp() override {
        Stress::SetUp();
        fs.emplace();
        if (!fs->mounted) GTEST_SKIP() << "missing: the bpf file system";
        void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(page, MAP_FAILED);
        phase = new (page) std::atomic<unsigned>(0);
    }
    void TearDown() override {
        if (phase != nullptr) (void)munmap(phase, 4096);
    }
    [[nodiscard]] ManagerSpec pinning() const {
        ManagerSpec pinning = spec();
        pinning.map_edits = {{.map = hits, .pin_path = *fs / "hits"}};
        return pinning;
    }
    /// Events outlive a process, unlike all else: where there are any, they are part of the game.
    [[nodiscard]] ManagerSpec with_uprobe() const {
        ManagerSpec all = pinning();
        UserFunction target = own_function();
        const auto tracefs = open_tracefs();
        if (tracefs && faccessat(tracefs->get(), "uprobe_events", W_OK, 0) == 0)
            target.method = ProbeMethod::events;
        all.probes.push_back(probe(uprobe, target));
        return all;
    }
    [[noreturn]] void live() const {
        const ManagerSpec all = with_uprobe();
        const auto next = [this](const auto& outcome) {
            if (!outcome) {
                std::fprintf(stderr, "%s\n", outcome.error().to_string().c_str());
                _exit(1);
            }
            ++*phase;
        };
        while (true) {
            auto manager = Manager::create(all);
            next(manager);
            next(manager->init());
            next(manager->start());
            fire(10);
            next(manager->consume());
            next(manager->pause());
            next(manager->resume());
            next(manager->stop());
        }
    }
};

TEST_F(Killed, InAnyPhaseItLeavesOnlyWhatWasPinned) {
    ASSERT_OK(init_manager(pinning()));  // so that the pin is there before
    std::vector<pid_t> makers{0};
    EXPECT_TRUE(gets_back_to(Inventory(*this), *this));
    const Inventory before(*this);
    std::mt19937 random(4711);
    const unsigned rounds = static_cast<unsigned>(times(60, 14, 7));
    for (unsigned round = 0; round < rounds; ++round) {
        phase->store(0);
        const pid_t child = fork();
        if (child == 0) live();
        ASSERT_GT(child, 0);
        makers.push_back(child);
        const unsigned target = round % kPhases + kPhases * static_cast<unsigned>(random() % 2);
        int status = 0;
        while (phase->load() < target && waitpid(child, &status, WNOHANG) == 0) (void)sched_yield();
        for (auto spins = random() % 1'000'000; spins > 0; --spins) asm volatile("");  // somewhere within
        ASSERT_EQ(kill(child, SIGKILL), 0) << "it ended by itself with " << WEXITSTATUS(status);
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself with " << WEXITSTATUS(status);
    }
    // The next one that uses events removes those of the dead.
    {
        auto next = start_manager(with_uprobe());
        ASSERT_OK(next);
        ASSERT_OK(next->stop());
    }
    EXPECT_TRUE(gets_back_to(before, *this, makers));
    EXPECT_TRUE(std::filesystem::exists(*fs / "hits")) << "pinned on purpose";
}

}  // namespace
}  // namespace gadget::runtime
