// SPDX-License-Identifier: Apache-2.0
// Ring buffers and perf buffers: order, content, losses, waiting.
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>

#include <numeric>
#include <stdexcept>

#include "kernel_fixture.h"

namespace gadget::runtime {
namespace {

struct RingTest : KernelTest {
    std::vector<FireRecord> records;

    ManagerSpec ring_spec(std::uint32_t size = 0) {
        ManagerSpec spec = spec_of("fire");
        spec.probes = {probe("on_tracepoint")};
        spec.ring_buffers.push_back({.map = "events",
                                     .on_record =
                                         [this](auto bytes) {
                                             ASSERT_GE(bytes.size(), sizeof(FireRecord));
                                             records.push_back(value_of<FireRecord>(bytes));
                                         },
                                     .size = size});
        return spec;
    }
};

TEST_F(RingTest, Case078_RecordsComeInOrderWithTheirContent) {
    START_OR_SKIP(manager, ring_spec());
    for (long i = 0; i < 100; ++i) fire(1, i + 1);
    const auto handed = manager->poll(std::chrono::seconds(60));
    ASSERT_OK(handed);
    ASSERT_EQ(records.size(), 100U);
    for (std::size_t i = 0; i < records.size(); ++i) {
        EXPECT_EQ(records[i].argument, i + 1);
        EXPECT_EQ(records[i].tgid, static_cast<std::uint32_t>(getpid()));
        EXPECT_STREQ(records[i].label, "fire");
        EXPECT_EQ(records[i].start, 7U);
    }
    EXPECT_EQ(manager->reader_stats().front().records, 100U);
}

TEST_F(RingTest, BatchHandlerGetsTheSameRecords) {
    ManagerSpec spec = ring_spec();
    std::size_t calls = 0;
    spec.ring_buffers.front().on_batch = [&](auto batch) {
        ++calls;
        for (const auto record : batch) records.push_back(value_of<FireRecord>(record));
    };
    START_OR_SKIP(manager, spec);
    for (long i = 0; i < 300; ++i) fire(1, i + 1);
    ASSERT_OK(manager->consume());
    ASSERT_EQ(records.size(), 300U);
    for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i].argument, i + 1);
    EXPECT_LT(calls, 10U);
}

TEST_F(RingTest, Case079_DiscardedRecordsAreSkipped) {
    START_OR_SKIP(manager, ring_spec());
    fire(1, 1);
    fire(3, 4242);
    fire(1, 2);
    ASSERT_OK(manager->consume());
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[1].argument, 2U);
    EXPECT_EQ(manager->reader_stats().front().discarded, 3U);
}

TEST_F(RingTest, Case080_RecordsSurviveTheEndOfTheRing) {
    START_OR_SKIP(manager, ring_spec(4096));
    ASSERT_EQ(manager->map_info("events")->max_entries, 4096U);
    for (long i = 0; i < 1000; ++i) {
        fire(1, i + 1);
        ASSERT_OK(manager->consume());
    }
    ASSERT_EQ(records.size(), 1000U);
    for (std::size_t i = 0; i < records.size(); ++i) ASSERT_EQ(records[i].argument, i + 1);
}

TEST_F(RingTest, Case081_SilentRecordsArriveWithinTheTimeout) {
    START_OR_SKIP(manager, ring_spec());
    fire(1, 4243);
    const auto handed = manager->poll(std::chrono::milliseconds(10));
    ASSERT_OK(handed);
    EXPECT_EQ(records.size(), 1U);
}

TEST_F(RingTest, Case083_BudgetBoundsOneRound) {
    START_OR_SKIP(manager, ring_spec());
    fire(50);
    const auto first = manager->consume(20);
    ASSERT_OK(first);
    EXPECT_EQ(*first, 20U);
    EXPECT_EQ(records.size(), 20U);
    ASSERT_OK(manager->consume());
    EXPECT_EQ(records.size(), 50U);
}

TEST_F(RingTest, Case084_ThrowingHandlerBecomesAnError) {
    ManagerSpec spec = ring_spec();
    unsigned calls = 0;
    spec.ring_buffers.front().on_record = [&](auto) {
        if (++calls == 2) throw std::runtime_error("no more room");
    };
    START_OR_SKIP(manager, spec);
    fire(4);
    const auto failed = manager->consume();
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("no more room"), std::string::npos);
    EXPECT_NE(failed.error().message.find("events"), std::string::npos);
    ASSERT_OK(manager->consume());
    EXPECT_EQ(calls, 4U) << "the record of the failed call is not repeated, the ones behind it are not lost";
}

TEST_F(RingTest, Case085_SizeIsRoundedToWhatTheKernelTakes) {
    START_OR_SKIP(manager, ring_spec(5000));
    EXPECT_EQ(manager->map_info("events")->max_entries, 8192U);
}

TEST_F(RingTest, LostSamplesAreCounted) {
    START_OR_SKIP(manager, ring_spec(4096));
    EXPECT_EQ(*manager->lost_samples("events"), 0U);
    fire(500);
    const auto lost = manager->lost_samples("events");
    ASSERT_OK(lost);
    EXPECT_GT(*lost, 0U);
    ASSERT_OK(manager->consume());
    EXPECT_EQ(records.size() + *lost, 500U);
    EXPECT_FALSE(manager->lost_samples("nothing"));
}

TEST_F(RingTest, PollTimesOutAndIsCancelled) {
    START_OR_SKIP(manager, ring_spec());
    const auto idle = manager->poll(std::chrono::milliseconds(5));
    ASSERT_OK(idle);
    EXPECT_EQ(*idle, 0U);
    const UniqueFd stop(eventfd(1, EFD_CLOEXEC));
    const auto cancelled = manager->poll(std::chrono::milliseconds(-1), CancelToken{stop.get()});
    ASSERT_FALSE(cancelled);
    EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
}

TEST_F(RingTest, PollFdServesAnOuterLoop) {
    auto created = Manager::create(ring_spec());
    ASSERT_OK(created);
    const int fd = created->poll_fd();
    START_OR_SKIP(manager, ring_spec());
    pollfd waiting{manager->poll_fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&waiting, 1, 0), 0);
    fire(1);
    EXPECT_EQ(::poll(&waiting, 1, 60'000), 1);
    ASSERT_OK(manager->consume());
    EXPECT_EQ(::poll(&waiting, 1, 0), 0);
    // A duplicate of the map lives on; the descriptor must not report for a stopped manager.
    const auto map = manager->map_fd("events");
    ASSERT_OK(map);
    ASSERT_OK(manager->stop());
    EXPECT_EQ(::poll(&waiting, 1, 0), 0);
    EXPECT_EQ(created->poll_fd(), fd);
}

struct PerfTest : KernelTest {
    std::vector<std::uint64_t> arguments;
    std::uint64_t lost = 0;

    ManagerSpec perf_spec() {
        ManagerSpec spec = spec_of("perf");
        spec.perf_buffers.push_back({.map = "events",
                                     .pages = 1,
                                     .on_record =
                                         [this](int, auto bytes) {
                                             ASSERT_GE(bytes.size(), 128U);
                                             const auto first = value_of<std::uint64_t>(bytes);
                                             EXPECT_EQ(value_of<std::uint64_t>(bytes.subspan(120)), ~first);
                                             arguments.push_back(first);
                                         },
                                     .on_lost = [this](int, std::uint64_t count) { lost += count; }});
        return spec;
    }
    void SetUp() override {
        KernelTest::SetUp();
        cpu_set_t one;  // one CPU: one order
        CPU_ZERO(&one);
        CPU_SET(0, &one);
        ASSERT_EQ(sched_getaffinity(0, sizeof(before_), &before_), 0);
        ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    }
    void TearDown() override { (void)sched_setaffinity(0, sizeof(before_), &before_); }

  private:
    cpu_set_t before_{};
};

TEST_F(PerfTest, Case069_RecordsComeInOrderPerCpu) {
    START_OR_SKIP(manager, perf_spec());
    for (long i = 0; i < 2000; ++i) {
        fire(1, i + 1);
        if (i % 10 == 9) ASSERT_OK(manager->consume());
    }
    ASSERT_EQ(arguments.size(), 2000U);
    for (std::size_t i = 0; i < arguments.size(); ++i) ASSERT_EQ(arguments[i], i + 1);
    EXPECT_EQ(lost, 0U);
}

TEST_F(PerfTest, Case072_LostAndDeliveredAddUp) {
    START_OR_SKIP(manager, perf_spec());
    fire(500);
    ASSERT_OK(manager->consume());
    const std::size_t first = arguments.size();
    EXPECT_LT(first, 500U);
    fire(1);  // the kernel reports the losses with the next record that fits
    ASSERT_OK(manager->consume());
    EXPECT_EQ(count_of(*manager, 0, "sent"), 501U);
    EXPECT_EQ(arguments.size() + lost, 501U);
    EXPECT_EQ(manager->reader_stats().front().lost, lost);
}

TEST_F(PerfTest, Case071_WatermarkDelaysTheWakeup) {
    ManagerSpec spec = perf_spec();
    spec.perf_buffers.front().watermark = 2000;
    START_OR_SKIP(manager, spec);
    pollfd waiting{manager->poll_fd(), POLLIN, 0};
    fire(3);
    EXPECT_EQ(::poll(&waiting, 1, 0), 0);
    fire(20);
    EXPECT_EQ(::poll(&waiting, 1, 60'000), 1);

    spec.perf_buffers.front().watermark = 1U << 20U;
    auto too_much = Manager::create(spec);
    ASSERT_OK(too_much);
    EXPECT_FALSE(too_much->init());
    spec.perf_buffers.front().watermark = 100;
    spec.perf_buffers.front().wakeup_events = 2;
    EXPECT_FALSE(Manager::create(spec)) << "one of the two";
}

TEST_F(PerfTest, WrongMapTypeIsNamed) {
    ManagerSpec spec = spec_of("perf");
    spec.ring_buffers.push_back({.map = "sent", .on_record = [](auto) {}});
    const auto refused = init_manager(spec);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("not a ring buffer"), std::string::npos);
}

}  // namespace
}  // namespace gadget::runtime
