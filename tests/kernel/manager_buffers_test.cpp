// SPDX-License-Identifier: Apache-2.0
// Readers that come, go and pause; what they tell about themselves; and that no wakeup is lost.
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <thread>

#include "kernel_fixture.h"

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
    std::sort(seen.begin(), seen.end());  // there is no order between the buffers of CPUs
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
    EXPECT_EQ(manager->poll(60s).value_or(0), 1U);
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

/// One record at a time, each waited for: a reader that went to sleep with a record in the ring would never
/// be woken, as nothing else comes. GADGET_STRESS=full: 10^8 records.
TEST_F(Buffers, Case082_NoWakeupIsLost) {
    constexpr std::uint64_t kBatch = 500;  // of flood.bpf.c
    const std::uint64_t records = stress_is_full() ? 100'000'000 : kernel_is_emulated() ? 100'000 : 2'000'000;
    ManagerSpec spec = spec_of("flood");
    std::atomic<std::uint64_t> received = 0;
    spec.ring_buffers = {{.map = "events", .on_batch = [&](auto batch) {
                              received.store(received.load(std::memory_order_relaxed) + batch.size());
                          }}};
    START_OR_SKIP(manager, spec);
    std::atomic<bool> done = false;
    std::thread consumer([&] {
        while (!done) (void)manager->poll(std::chrono::hours(1));
    });
    std::mt19937 random(4711);
    std::uint64_t produced = 0;
    bool stuck = false;
    while (produced < records && !stuck) {
        const std::uint64_t burst = 1 + random() % (random() % 2 == 0 ? 4 : 40);
        fire(static_cast<unsigned>(burst));
        produced += burst * kBatch;
        const std::uint64_t sent = count_of(*manager, 0, "counts");
        // Only a wakeup that is lost takes longer than this, and that takes an hour.
        const auto deadline = std::chrono::steady_clock::now() + 240s;
        while (received.load() < sent && !stuck) {
            (void)sched_yield();
            stuck = std::chrono::steady_clock::now() > deadline;
        }
        for (std::uint64_t pause = random() % 2000; pause > 0; --pause) asm volatile("");
    }
    EXPECT_FALSE(stuck) << "records waited while the reader slept";
    EXPECT_EQ(count_of(*manager, 0, "counts") + count_of(*manager, 1, "counts"), produced);
    done = true;
    fire(1);  // wakes the reader up
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

/// What makes our reader the faster one, counted: the ratio in time is for bench/run BUILD runtime.
struct Snapshot : KernelTest {
    std::uint64_t received = 0;
    std::uint64_t published = 0;  ///< how often the position in the shared page was another than before
    bool in_order = true;
    std::function<void()> meanwhile;  ///< called for each record

    ManagerSpec flood(std::uint32_t batch) {
        ManagerSpec spec = spec_of("flood");
        spec.constants.push_back({.name = "batch", .value = bytes_of(batch)});
        return spec;
    }
    ManagerSpec ours(std::uint32_t batch) {
        ManagerSpec spec = flood(batch);
        spec.ring_buffers = {{.map = "events", .on_record = [this](auto record) { take(record); }}};
        return spec;
    }
    /// The consumer's page of the ring, as the kernel sees it.
    void watch(const Manager& manager) {
        const UniqueFd map = *manager.map_fd("events");
        void* const page =
            mmap(nullptr, static_cast<std::size_t>(getpagesize()), PROT_READ, MAP_SHARED, map.get(), 0);
        ASSERT_NE(page, MAP_FAILED);
        position_ = static_cast<unsigned long*>(page);
        last_ = *position_;
        received = published = 0;
    }
    void take(std::span<const std::byte> record) {
        const unsigned long now = std::atomic_ref(*position_).load();
        published += now != last_;
        last_ = now;
        in_order = in_order && value_of<std::uint64_t>(record) == received;
        ++received;
        if (meanwhile) meanwhile();
    }
    static int take_from_libbpf(void* self, void* data, std::size_t size) {
        static_cast<Snapshot*>(self)->take({static_cast<const std::byte*>(data), size});
        return 0;
    }
    static CPtr<ring_buffer, ring_buffer__free> libbpf_reader(const Manager& manager, Snapshot* self) {
        const UniqueFd map = *manager.map_fd("events");
        return CPtr<ring_buffer, ring_buffer__free>(
            ring_buffer__new(map.get(), take_from_libbpf, self, nullptr));
    }
    void TearDown() override {
        if (position_ != nullptr) (void)munmap(position_, static_cast<std::size_t>(getpagesize()));
    }

  private:
    unsigned long* position_ = nullptr;
    unsigned long last_ = 0;
};

TEST_F(Snapshot, Case087_WritesTheSharedPageAThousandthAsOftenAsLibbpf) {
    constexpr std::uint32_t kBatch = 500;
    constexpr unsigned kCalls = 60;  // 480 of 512 KiB
    START_OR_SKIP(manager, ours(kBatch));
    watch(*manager);
    fire(kCalls);
    EXPECT_EQ(manager->poll(60s).value_or(0), kCalls * kBatch) << "at once";
    EXPECT_EQ(received, kCalls * kBatch);
    EXPECT_TRUE(in_order);
    const std::uint64_t our_writes = published;
    ASSERT_OK(manager->stop());
    TearDown();

    auto plain = start_manager(flood(kBatch));
    ASSERT_OK(plain);
    watch(*plain);
    const auto reader = libbpf_reader(*plain, this);
    ASSERT_TRUE(reader);
    fire(kCalls);
    EXPECT_EQ(ring_buffer__poll(reader.get(), 60'000), static_cast<int>(kCalls * kBatch));
    EXPECT_TRUE(in_order);
    EXPECT_LE(our_writes, 8U) << "once in an eighth of the ring";
    EXPECT_GE(published, 1000 * our_writes) << "once for each record";
}

TEST_F(Snapshot, Case087_ReturnsWithWhatWasThereWhenTheProducerGoesOn) {
    constexpr int kMore = 1000;
    int left = kMore;
    meanwhile = [&] {
        if (left-- > 0) fire(1);
    };
    START_OR_SKIP(manager, ours(1));
    watch(*manager);
    fire(1);
    EXPECT_EQ(manager->poll(60s).value_or(0), 1U);
    EXPECT_EQ(manager->poll(60s).value_or(0), 1U) << "what came during the first";
    ASSERT_OK(manager->stop());
    TearDown();

    left = kMore;
    auto plain = start_manager(flood(1));
    ASSERT_OK(plain);
    watch(*plain);
    const auto reader = libbpf_reader(*plain, this);
    ASSERT_TRUE(reader);
    fire(1);
    EXPECT_EQ(ring_buffer__poll(reader.get(), 60'000), kMore + 1)
        << "libbpf's reader runs after the producer";
}

TEST_F(Snapshot, Case087_GivesSpaceBackWhileTheHandlersAreAtWork) {
    constexpr std::uint64_t kBatch = 500;
    constexpr std::uint64_t kRoom = 512 * 1024 / 16 - 1;
    meanwhile = [&] {
        if (received == 5000) fire(1);  // more than an eighth has been handed over
    };
    START_OR_SKIP(manager, ours(kBatch));
    watch(*manager);
    fire(66);
    EXPECT_EQ(count_of(*manager, 0, "counts"), kRoom);
    EXPECT_EQ(count_of(*manager, 1, "counts"), 66 * kBatch - kRoom) << "what did not fit is counted";
    EXPECT_EQ(manager->poll(60s).value_or(0), kRoom);
    EXPECT_EQ(count_of(*manager, 1, "counts"), 66 * kBatch - kRoom) << "and nothing since";
    EXPECT_EQ(manager->poll(60s).value_or(0), kBatch);
    EXPECT_TRUE(in_order);
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
        EXPECT_EQ(manager->poll(60s).value_or(0), 5U) << ring;
        EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2, 3, 4, 5})) << ring;
    }
}

}  // namespace
}  // namespace gadget::runtime
