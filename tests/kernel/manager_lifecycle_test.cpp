// SPDX-License-Identifier: Apache-2.0
// Life cycle and activation. CaseNNN: number of the acceptance case.
#include <bpf/bpf.h>

#include <atomic>
#include <thread>

#include "kernel_fixture.h"

namespace gadget::runtime {
namespace {

using Lifecycle = KernelTest;

ManagerSpec raw_spec() {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw")};
    return spec;
}

TEST_F(Lifecycle, Case001_UseBeforeInitIsRefused) {
    auto manager = Manager::create(raw_spec());
    ASSERT_OK(manager);
    EXPECT_EQ(manager->state(), State::reset);
    const auto info = manager->map_info("hits");
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(info.error().message.find("not loaded"), std::string::npos);
    EXPECT_FALSE(manager->start());
    EXPECT_FALSE(manager->add_hook(probe("on_raw", {}, "x")));
    EXPECT_FALSE(manager->update_activation({}));
    EXPECT_TRUE(manager->stop()) << "stopping what does not run is fine";
}

TEST_F(Lifecycle, Case002_PauseAndResumeBeforeStartAreRefused) {
    auto manager = Manager::create(raw_spec());
    ASSERT_OK(manager);
    EXPECT_FALSE(manager->pause());
    EXPECT_FALSE(manager->resume());
    ASSERT_OK(manager->init());
    EXPECT_FALSE(manager->pause());
    EXPECT_FALSE(manager->resume());
}

TEST_F(Lifecycle, Case003_SecondStartAttachesNothingTwice) {
    auto manager = init_manager(raw_spec());
    ASSERT_OK(manager);
    ASSERT_OK(manager->start());
    ASSERT_OK(manager->start());
    fire(3);
    EXPECT_EQ(count_of(*manager, kHitRaw), 3U);
}

TEST_F(Lifecycle, Case004_InitWhileRunningIsRefusedAndWorksAfterStop) {
    auto manager = init_manager(raw_spec());
    ASSERT_OK(manager);
    ASSERT_OK(manager->start());
    EXPECT_FALSE(manager->init());
    ASSERT_OK(manager->stop());
    EXPECT_EQ(manager->state(), State::reset);
    ASSERT_OK(manager->init());
    ASSERT_OK(manager->start());
    fire();
    EXPECT_EQ(count_of(*manager, kHitRaw), 1U);
}

TEST_F(Lifecycle, Case005_SecondInitLetsGoOfTheFirstObject) {
    auto manager = init_manager(raw_spec());
    ASSERT_OK(manager);
    const std::size_t before = open_fds();
    const auto first = manager->programs();
    ASSERT_EQ(first.size(), 1U);
    ASSERT_OK(manager->init());
    EXPECT_EQ(open_fds(), before);
    ASSERT_EQ(manager->programs().size(), 1U);
    EXPECT_NE(manager->programs().front().id, first.front().id);
}

TEST_F(Lifecycle, Case006_StartWhilePausedResumes) {
    auto manager = init_manager(raw_spec());
    ASSERT_OK(manager);
    ASSERT_OK(manager->start());
    ASSERT_OK(manager->pause());
    ASSERT_OK(manager->start());
    EXPECT_EQ(manager->state(), State::running);
    fire(2);
    EXPECT_EQ(count_of(*manager, kHitRaw), 2U);
}

TEST_F(Lifecycle, Case007_RefusedProgramGivesTheVerifierLog) {
    ManagerSpec spec = spec_of("refused");
    auto manager = Manager::create(spec);
    ASSERT_OK(manager);
    const auto loaded = manager->init();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::rejected_input);
    EXPECT_NE(loaded.error().message.find("'on_bad'"), std::string::npos) << loaded.error().message;
    EXPECT_NE(loaded.error().message.find("map_value_or_null"), std::string::npos) << manager->load_log();
    EXPECT_NE(loaded.error().message.find('\n'), std::string::npos)
        << "the lines around the reason belong to it";
    EXPECT_NE(loaded.error().message.find("refused.bpf.c:19"), std::string::npos) << loaded.error().message;
    EXPECT_NE(manager->load_log().find("bpf_map_lookup_elem"), std::string::npos) << "the whole log is kept";
    EXPECT_EQ(loaded.error().to_string().find("ulimit"), std::string::npos);
    EXPECT_EQ(manager->state(), State::reset);
}

TEST_F(Lifecycle, Case009_NoObjectIsAnErrorNotACrash) {
    ManagerSpec spec;
    auto manager = Manager::create(spec);
    ASSERT_OK(manager);
    const auto loaded = manager->init();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::corrupt_data);

    spec.object = ObjectFile{"/nonexistent/x.bpf.o"};
    auto missing = Manager::create(spec);
    ASSERT_OK(missing);
    const auto unread = missing->init();
    ASSERT_FALSE(unread);
    EXPECT_EQ(unread.error().code, ErrorCode::not_found);
}

TEST_F(Lifecycle, Case012_UnknownNamesAreNamedAndInitCanBeRetried) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_rawn")};
    auto manager = Manager::create(spec);
    ASSERT_OK(manager);
    const std::size_t before = open_fds();
    for (int i = 0; i < 2; ++i) {
        const auto loaded = manager->init();
        ASSERT_FALSE(loaded);
        EXPECT_EQ(loaded.error().code, ErrorCode::not_found);
        EXPECT_NE(loaded.error().hint.find("on_raw"), std::string::npos) << loaded.error().to_string();
    }
    EXPECT_EQ(open_fds(), before);

    ManagerSpec ring = raw_spec();
    ring.ring_buffers.push_back({.map = "event", .on_record = [](auto) {}});
    auto unknown_map = Manager::create(ring);
    ASSERT_OK(unknown_map);
    const auto loaded = unknown_map->init();
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().hint.find("events"), std::string::npos) << loaded.error().to_string();
}

TEST_F(Lifecycle, Case014_HandlersMayAskWhileAnotherThreadStops) {
    const int rounds = stress_is_full() ? 1000 : 50;
    for (int round = 0; round < rounds; ++round) {
        Manager* self = nullptr;
        std::atomic<bool> asked = false;
        ManagerSpec spec = spec_of("fire");
        spec.probes = {probe("on_tracepoint")};
        spec.ring_buffers.push_back({.map = "events", .on_record = [&](auto) {
                                         (void)self->map_info("hits");
                                         (void)self->status();
                                         (void)self->reader_stats();
                                         asked = true;
                                     }});
        auto manager = Manager::create(spec);
        ASSERT_OK(manager);
        self = &*manager;
        ASSERT_OK(manager->init());
        const auto started = manager->start();
        GADGET_SKIP_IF_UNSUPPORTED(started);
        ASSERT_OK(started);
        fire(50);
        std::atomic<bool> done = false;
        std::thread reader([&] {
            while (!done) (void)self->poll(std::chrono::milliseconds(1));
        });
        ASSERT_OK(manager->stop());
        done = true;
        reader.join();
        EXPECT_TRUE(asked);
    }
}

TEST_F(Lifecycle, Case015_StopDeliversWhatWasSubmittedAndNothingAfterwards) {
    unsigned records = 0;
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_tracepoint")};
    spec.ring_buffers.push_back({.map = "events", .on_record = [&](auto) { ++records; }});
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    const auto started = manager->start();
    GADGET_SKIP_IF_UNSUPPORTED(started);
    ASSERT_OK(started);
    fire(40);
    ASSERT_OK(manager->stop());
    EXPECT_EQ(records, 40U);
    fire(5);
    ASSERT_OK(manager->consume());
    EXPECT_EQ(records, 40U);
}

TEST_F(Lifecycle, Case016_FailedStartLeavesNothingAttached) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw"), probe("on_uprobe", own_function("no_such_function_here"))};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    const std::size_t before = open_fds();
    const auto started = manager->start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("no_such_function_here"), std::string::npos)
        << started.error().to_string();
    EXPECT_EQ(open_fds(), before);
    EXPECT_EQ(manager->state(), State::initialized);
    fire(3);
    EXPECT_EQ(count_of(*manager, kHitRaw), 0U) << "the first probe was detached again";
}

TEST_F(Lifecycle, Case018_ManyCyclesLeaveNoDescriptorAndNoProgram) {
    ManagerSpec spec = raw_spec();
    spec.ring_buffers.push_back({.map = "events", .on_record = [](auto) {}});
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    ASSERT_OK(manager->start());
    const std::uint32_t program = manager->programs().front().id;
    const std::uint32_t map = manager->map_info("hits")->id;
    ASSERT_TRUE(program_exists(program));
    ASSERT_OK(manager->stop());
    const std::size_t before = open_fds();
    for (int cycle = 0; cycle < 200; ++cycle) {
        ASSERT_OK(manager->init());
        ASSERT_OK(manager->start());
        ASSERT_OK(manager->stop());
    }
    EXPECT_EQ(open_fds(), before);
    EXPECT_TRUE(program_goes(program));
    EXPECT_TRUE(map_goes(map));
}

TEST_F(Lifecycle, MovedManagerKeepsRunning) {
    auto created = init_manager(raw_spec());
    ASSERT_OK(created);
    ASSERT_OK(created->start());
    Manager moved = std::move(*created);
    fire(2);
    EXPECT_EQ(count_of(moved, kHitRaw), 2U);
    const std::uint32_t program = moved.programs().front().id;
    auto other = Manager::create(raw_spec());
    ASSERT_OK(other);
    moved = std::move(*other);
    EXPECT_TRUE(program_goes(program)) << "assigning over a running manager stops it";
}

TEST_F(Lifecycle, TwoManagersOfOneObjectAreIndependent) {
    auto first = Manager::create(raw_spec());
    auto second = Manager::create(raw_spec());
    ASSERT_OK(first);
    ASSERT_OK(second);
    ASSERT_OK(first->init());
    ASSERT_OK(second->init());
    ASSERT_OK(first->start());
    ASSERT_OK(second->start());
    fire(2);
    ASSERT_OK(first->stop());
    fire(3);
    EXPECT_EQ(count_of(*second, kHitRaw), 5U);
}

TEST_F(Lifecycle, Case020_WithoutSelectorsEveryProbeMustRun) {
    ManagerSpec spec = spec_of("fire");
    Tracepoint missing{"sched", "no_such_event"};
    spec.probes = {probe("on_raw"), probe("on_tracepoint", missing)};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    const auto started = manager->start();
    GADGET_SKIP_IF_UNSUPPORTED(started);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::not_found);
    EXPECT_NE(started.error().message.find("sched/no_such_event"), std::string::npos);
}

// Probes that can run and probes that cannot, as in the activated_probes example.
ManagerSpec mixed_spec() {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw"), probe("on_uprobe", own_function()),
                   probe("on_uprobe", own_function("missing_one"), "1"),
                   probe("on_uprobe", own_function("missing_two"), "2")};
    return spec;
}

TEST_F(Lifecycle, Case024_BestEffortAndOneOfTolerateMissingTargets) {
    ManagerSpec spec = mixed_spec();
    const auto id = [](const char* program, const char* uid = "") { return Selector::probe({program, uid}); };
    spec.activation = {id("on_raw"), Selector::one_of({id("on_uprobe"), id("on_uprobe", "1")}),
                       Selector::best_effort({id("on_uprobe", "2")})};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    ASSERT_OK(manager->start());
    const auto status = manager->status();
    ASSERT_EQ(status.size(), 4U);
    EXPECT_EQ(status[1].state, ProbeState::running);
    EXPECT_EQ(status[2].state, ProbeState::failed);
    ASSERT_TRUE(status[3].reason);
    EXPECT_NE(status[3].reason->message.find("missing_two"), std::string::npos);
    (void)gadget_test_target(1);
    EXPECT_EQ(count_of(*manager, kHitUprobe), 1U);
}

TEST_F(Lifecycle, Case022_FailureListsEveryMissingProbe) {
    ManagerSpec spec = mixed_spec();
    const auto id = [](const char* program, const char* uid = "") { return Selector::probe({program, uid}); };
    spec.activation = {Selector::all_of({id("on_raw")}),
                       Selector::one_of({id("on_uprobe", "1"), id("on_uprobe", "2")})};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    const auto started = manager->start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("missing_one"), std::string::npos) << started.error().to_string();
    EXPECT_NE(started.error().message.find("missing_two"), std::string::npos) << started.error().to_string();
}

TEST_F(Lifecycle, Case023_UpdateAfterAFailedStart) {
    ManagerSpec spec = mixed_spec();
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    ASSERT_FALSE(manager->start());
    ASSERT_OK(manager->update_activation({Selector::probe({"on_raw"})}));
    ASSERT_OK(manager->start());
    EXPECT_EQ(manager->status()[0].state, ProbeState::running);
    EXPECT_NE(manager->status()[2].state, ProbeState::running);
}

TEST_F(Lifecycle, Case027_ExcludedProgramIsLeftOut) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw"), probe("on_btf")};
    spec.excluded_programs = {"on_btf"};
    spec.activation = {Selector::probe({"on_raw"}), Selector::best_effort({Selector::probe({"on_btf"})})};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    ASSERT_OK(manager->start());
    EXPECT_EQ(manager->programs().size(), 1U);
    EXPECT_EQ(manager->status()[1].state, ProbeState::excluded);

    spec.activation = {Selector::probe({"on_btf"})};
    auto strict = init_manager(spec);
    ASSERT_OK(strict);
    const auto started = strict->start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("excluded"), std::string::npos);
}

TEST_F(Lifecycle, Case028_Rename) {
    ManagerSpec spec = mixed_spec();
    spec.activation = {Selector::probe({"on_raw"})};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    ASSERT_OK(manager->rename_probe({"on_raw"}, "main"));
    EXPECT_FALSE(manager->rename_probe({"on_uprobe", "1"}, "2")) << "taken";
    EXPECT_FALSE(manager->rename_probe({"on_unknown"}, "x"));
    ASSERT_OK(manager->start());
    EXPECT_EQ(manager->status()[0].id.uid, "main");
    EXPECT_EQ(manager->status()[0].state, ProbeState::running);
    EXPECT_FALSE(manager->rename_probe({"on_raw", "main"}, "other")) << "it runs";
}

TEST_F(Lifecycle, Case029_030_UpdateKeepsWhatRuns) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw"), probe("on_btf"), probe("on_uprobe", own_function())};
    spec.activation = {Selector::probe({"on_raw"}), Selector::probe({"on_btf"})};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    ASSERT_OK(manager->start());
    ASSERT_OK(manager->update_activation({Selector::probe({"on_raw"}), Selector::probe({"on_uprobe"})}));
    fire(2);
    (void)gadget_test_target(1);
    EXPECT_EQ(count_of(*manager, kHitRaw), 2U);
    EXPECT_EQ(count_of(*manager, kHitBtf), 0U);
    EXPECT_EQ(count_of(*manager, kHitUprobe), 1U);
    // Case 030: an unknown probe, or one that fails, changes nothing at all.
    EXPECT_FALSE(manager->update_activation({Selector::probe({"on_btf"}), Selector::probe({"unknown"})}));
    fire(2);
    EXPECT_EQ(count_of(*manager, kHitRaw), 4U);
    EXPECT_EQ(count_of(*manager, kHitBtf), 0U);
}

TEST_F(Lifecycle, Case032_BestEffortCoversTheLoad) {
    ManagerSpec spec = spec_of("refused");
    spec.probes = {probe("on_bad"), probe("on_good")};
    spec.activation = {Selector::probe({"on_good"}), Selector::best_effort({Selector::probe({"on_bad"})})};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    ASSERT_OK(manager->start());
    const auto status = manager->status();
    EXPECT_EQ(status[0].state, ProbeState::excluded);
    ASSERT_TRUE(status[0].reason);
    EXPECT_EQ(status[0].reason->code, ErrorCode::rejected_input);
    EXPECT_EQ(status[1].state, ProbeState::running);

    spec.activation = {Selector::all_of({Selector::probe({"on_good"}), Selector::probe({"on_bad"})})};
    auto strict = Manager::create(spec);
    ASSERT_OK(strict);
    EXPECT_FALSE(strict->init());
}

}  // namespace
}  // namespace gadget::runtime
