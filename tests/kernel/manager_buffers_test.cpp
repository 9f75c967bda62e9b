// SPDX-License-Identifier: Apache-2.0
// Readers that come, go and pause; what they tell about themselves; and that no wakeup is lost.
#include <linux/bpf.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <thread>

#include "kernel_fixture.h"
#include "ring_turn.h"

namespace gadget::runtime {
namespace {

using namespace std::chrono_literals;

struct Buffers : KernelTest {
    std::vector<std::uint64_t> seen;

    ManagerSpec perf_spec() {
        ManagerSpec spec = spec_of("perf");
        spec.perf_buffers = {{.map = "events", .on_record = [this](int, std::span<const std::byte> record) {
                                  seen.push_back(value_of<std::uint64_t>(record));
                              }}};
        return spec;
    }
    static std::int64_t last_result(const Manager& manager) {
        std::int64_t result = 0;
        for (const MapInfo& map : manager.maps()) {
            if (!map.name.ends_with(".bss") && !map.name.ends_with(".data")) continue;
            const auto value = manager.lookup(map.name, bytes_of(std::uint32_t{0}));
            if (value && *value) result = value_of<std::int64_t>(**value);
        }
        return result;
    }
};

/// Keeps this thread on one CPU, so that one buffer gets everything.
struct OnFirstCpu {
    cpu_set_t before{};
    OnFirstCpu() {
        (void)sched_getaffinity(0, sizeof(before), &before);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(0, &one);
        (void)sched_setaffinity(0, sizeof(one), &one);
    }
    ~OnFirstCpu() { (void)sched_setaffinity(0, sizeof(before), &before); }
};

TEST_F(Buffers, Case073_PausedPerfBufferRefusesOutput) {
    START_OR_SKIP(manager, perf_spec());
    fire(1, 1);
    EXPECT_EQ(last_result(*manager), 0);
    ASSERT_OK(manager->pause_reader("events"));
    fire(1, 2);
    EXPECT_EQ(last_result(*manager), -ENOENT);
    EXPECT_EQ(manager->pause_reader("events").error().code, ErrorCode::invalid_argument);
    ASSERT_OK(manager->resume_reader("events"));
    EXPECT_EQ(manager->resume_reader("events").error().code, ErrorCode::invalid_argument);
    fire(1, 3);
    EXPECT_EQ(last_result(*manager), 0);
    ASSERT_OK(manager->consume());
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 3}));
    EXPECT_EQ(manager->pause_reader("sent").error().code, ErrorCode::not_found);
}

TEST_F(Buffers, Case073_PausedRingBufferKeepsItsRecords) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_tracepoint")};
    spec.ring_buffers = {{.map = "events", .on_record = [&](auto record) {
                              seen.push_back(value_of<FireRecord>(record).argument);
                          }}};
    START_OR_SKIP(manager, spec);
    ASSERT_OK(manager->pause_reader("events"));
    fire(1, 7);
    EXPECT_EQ(manager->poll(10ms).value_or(1), 0U);
    ASSERT_OK(manager->resume_reader("events"));
    EXPECT_EQ(manager->poll(5s).value_or(0), 1U);
    EXPECT_EQ(seen, std::vector<std::uint64_t>{7});
}

TEST_F(Buffers, Case074_ReadersStartAndStopByHand) {
    ManagerSpec spec = perf_spec();
    spec.perf_buffers.front().start = false;
    START_OR_SKIP(manager, spec);
    fire(1, 1);
    EXPECT_EQ(last_result(*manager), -ENOENT) << "stopped until it is started";
    for (int i = 0; i < 2; ++i) ASSERT_OK(manager->start_reader("events"));
    fire(1, 2);
    ASSERT_OK(manager->consume());
    EXPECT_EQ(seen, std::vector<std::uint64_t>{2});
    for (int i = 0; i < 2; ++i) ASSERT_OK(manager->stop_reader("events"));
    fire(1, 3);
    EXPECT_EQ(last_result(*manager), -ENOENT);
}

TEST_F(Buffers, Case075_ConsumeDeliversWhatIsBelowTheWatermark) {
    ManagerSpec spec = perf_spec();
    spec.perf_buffers.front().watermark = 4096;
    const OnFirstCpu here;
    START_OR_SKIP(manager, spec);
    fire(1, 5);
    EXPECT_TRUE(seen.empty());
    EXPECT_EQ(manager->consume().value_or(0), 1U);
    EXPECT_EQ(manager->consume().value_or(1), 0U) << "and returns";
    EXPECT_EQ(seen, std::vector<std::uint64_t>{5});
}

TEST_F(Buffers, Case076_TelemetryStartsOverWhenRead) {
    ManagerSpec spec = perf_spec();
    spec.perf_buffers.front().pages = 1;
    const OnFirstCpu here;
    START_OR_SKIP(manager, spec);
    fire(100, 1);  // more than a page takes
    ASSERT_OK(manager->consume());
    fire(1, 1);  // brings the news of what was lost
    ASSERT_OK(manager->consume());
    const auto first_cpu = [](const std::vector<ReaderTelemetry>& all) {
        for (const ReaderTelemetry& one : all) {
            if (one.cpu == 0) return one;
        }
        return ReaderTelemetry{};
    };
    const ReaderTelemetry full = first_cpu(manager->take_reader_telemetry());
    EXPECT_EQ(full.map, "events");
    EXPECT_GT(full.high_water, 3000U);
    EXPECT_LE(full.high_water, static_cast<std::size_t>(getpagesize()));
    EXPECT_GT(full.lost, 0U);
    EXPECT_EQ(full.lost + seen.size(), 101U);
    const ReaderTelemetry again = first_cpu(manager->take_reader_telemetry());
    EXPECT_EQ(again.high_water, 0U);
    EXPECT_EQ(again.lost, 0U);
    EXPECT_EQ(manager->reader_stats().front().lost, full.lost) << "the totals stay";
}

TEST_F(Buffers, Case077_OfflineCpusAreSkipped) {
    const char* const file = "/sys/devices/system/cpu/cpu1/online";
    std::ifstream current(file);
    int online = 0;
    if (!(current >> online)) GTEST_SKIP() << "missing: a second CPU that can be switched off";
    if (!kernel_is_emulated()) GTEST_SKIP() << "missing: a machine of our own to switch a CPU off";
    std::ofstream(file) << 0;
    ManagerSpec spec = perf_spec();
    auto manager = start_manager(spec);
    ASSERT_OK(manager);
    fire(3, 9);
    EXPECT_EQ(manager->consume().value_or(0), 3U);
    for (const ReaderTelemetry& one : manager->take_reader_telemetry()) EXPECT_NE(one.cpu, 1);
    ASSERT_OK(manager->stop());
    std::ofstream(file) << 1;
    auto both = start_manager(spec);
    ASSERT_OK(both);
    EXPECT_EQ(both->take_reader_telemetry().size(), 2U);
    std::ofstream(file) << 0;  // while it is being read
    fire(2, 9);
    EXPECT_EQ(both->consume().value_or(0), 2U);
    EXPECT_OK(both->stop());
    std::ofstream(file) << 1;
}

TEST_F(Buffers, Case082_NoWakeupIsLost) {
    constexpr std::uint64_t kRecords = 100'000'000;
    constexpr std::uint64_t kBatch = 500;  // of flood.bpf.c
    ManagerSpec spec = spec_of("flood");
    std::atomic<std::uint64_t> received = 0;
    spec.ring_buffers = {{.map = "events", .on_batch = [&](auto batch) {
                              received.store(received.load(std::memory_order_relaxed) + batch.size());
                          }}};
    START_OR_SKIP(manager, spec);
    std::atomic<bool> done = false;
    std::thread consumer([&] {
        while (!done) (void)manager->poll(30s);  // a lost wakeup would show as half a minute
    });
    std::mt19937 random(4711);
    std::uint64_t produced = 0;
    std::size_t late = 0;
    while (produced < kRecords && late == 0) {
        const std::uint64_t burst = 1 + random() % 2000;
        for (std::uint64_t i = 0; i < burst; ++i) (void)syscall(SYS_getpgid, 1);
        produced += burst * kBatch;
        const std::uint64_t sent = count_of(*manager, 0, "counts");
        const auto deadline = std::chrono::steady_clock::now() + 5s;
        while (received.load() < sent && std::chrono::steady_clock::now() < deadline) (void)sched_yield();
        late += received.load() < sent;
        for (std::uint64_t pause = random() % 2000; pause > 0; --pause) asm volatile("");
    }
    EXPECT_EQ(late, 0U) << "records waited while the reader slept";
    EXPECT_EQ(count_of(*manager, 0, "counts") + count_of(*manager, 1, "counts"), produced);
    done = true;
    (void)syscall(SYS_getpgid, 1);  // wakes the reader up
    consumer.join();
}

TEST_F(Buffers, Case086_RingMadeWhileRunning) {
    auto manager = init_manager(spec_of("flood"));
    ASSERT_OK(manager);
    std::uint64_t fresh = 0;
    std::uint64_t original = 0;
    ASSERT_OK(manager->add_reader(RingBufferSpec{.map = "events", .on_record = [&](auto) { ++original; }}));
    EXPECT_EQ(manager->add_reader(RingBufferSpec{.map = "events", .on_record = [](auto) {}}).error().code,
              ErrorCode::already_exists);
    ASSERT_OK(manager->clone_map("events", "more"));
    ASSERT_OK(manager->add_reader(RingBufferSpec{.map = "more", .on_record = [&](auto) { ++fresh; }}));
    EXPECT_FALSE(manager->add_reader(RingBufferSpec{.map = "counts", .on_record = [](auto) {}}));
    EXPECT_FALSE(manager->add_reader(RingBufferSpec{.map = "more"}));
    const auto running = manager->start();
    GADGET_SKIP_IF_UNSUPPORTED(running);
    ASSERT_OK(running);
    CloneSpec clone{.probe = probe("flood", {}, "clone")};
    const UniqueFd more = *manager->map_fd("more");
    clone.maps = {{"events", more.get()}};
    ASSERT_OK(manager->clone_program(clone));
    (void)syscall(SYS_getpgid, 1);
    ASSERT_OK(manager->consume());
    EXPECT_EQ(fresh, 500U);
    EXPECT_EQ(original, 500U);
}

TEST_F(Buffers, Case087_FasterThanTheReaderOfLibbpf) {
    const Bytes object = object_bytes("flood");
    std::vector<double> rates;
    std::vector<double> our_loss;
    std::vector<double> their_loss;
    std::vector<double> waits;
    for (int turn = 0; turn < 5; ++turn) {
        const auto ours = read_with_manager(object, 0.4);
        const auto theirs = read_with_libbpf(object, 0.4);
        ASSERT_OK(ours);
        ASSERT_OK(theirs);
        rates.push_back(ours->delivered / theirs->delivered);
        waits.push_back(ours->waits / theirs->waits);
        our_loss.push_back(ours->lost);
        their_loss.push_back(theirs->lost);
    }
    EXPECT_GE(median(rates), 1.5) << "records delivered";
    EXPECT_LT(median(our_loss), median(their_loss));
    EXPECT_LE(median(waits), 0.1) << "calls that wait";
}

TEST_F(Buffers, Case088_TheSameHandlerOnAPerfBuffer) {
    for (const bool ring : {true, false}) {
        ManagerSpec spec = spec_of("output");
        seen.clear();
        spec.ring_buffers = {{.map = "events", .on_record = [&](auto record) {
                                  seen.push_back(value_of<std::uint64_t>(record));
                              }}};
        if (!ring) {
            spec.constants.push_back({.name = "use_ring", .value = bytes_of(std::int32_t{0})});
            spec.map_edits = {{.map = "events",
                               .type = std::uint32_t{BPF_MAP_TYPE_PERF_EVENT_ARRAY},
                               .max_entries = 0,
                               .key_size = 4,
                               .value_size = 4}};
        }
        const OnFirstCpu here;
        START_OR_SKIP(manager, spec);
        for (long i = 1; i <= 5; ++i) fire(1, i);
        EXPECT_EQ(manager->poll(5s).value_or(0), 5U) << ring;
        EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2, 3, 4, 5})) << ring;
    }
}

}  // namespace
}  // namespace gadget::runtime
