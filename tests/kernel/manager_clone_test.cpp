// SPDX-License-Identifier: Apache-2.0
// Clones: second instances of a program with constants and maps of their own.
#include <algorithm>

#include "kernel_fixture.h"

namespace gadget::runtime {
namespace {

struct Clone : KernelTest {
    std::optional<Manager> manager;

    void start(const char* object, std::vector<ProbeSpec> probes) {
        ManagerSpec spec = spec_of(object);
        spec.probes = std::move(probes);
        auto created = Manager::create(std::move(spec));
        ASSERT_OK(created);
        manager.emplace(std::move(*created));
        ASSERT_OK(manager->init());
        ASSERT_OK(manager->start());
    }
};

TEST_F(Clone, Case124_CloneHasItsOwnConstantsAndTheOriginalKeepsIts) {
    std::vector<FireRecord> records;
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_tracepoint")};
    spec.ring_buffers.push_back({.map = "events", .on_record = [&](auto record) {
                                     records.push_back(value_of<FireRecord>(record));
                                 }});
    auto created = init_manager(std::move(spec));
    ASSERT_OK(created);
    const auto started = created->start();
    GADGET_SKIP_IF_UNSUPPORTED(started);
    ASSERT_OK(started);
    CloneSpec clone;
    clone.probe = probe("on_tracepoint", {}, "copy");
    clone.constants = {{.name = "label", .value = bytes_of(std::array<char, 8>{'c', 'o', 'p', 'y'})}};
    ASSERT_OK(created->clone_program(std::move(clone)));
    fire();
    ASSERT_OK(created->consume());
    ASSERT_EQ(records.size(), 2U);
    std::vector<std::string> labels{records[0].label, records[1].label};
    std::ranges::sort(labels);
    EXPECT_EQ(labels, (std::vector<std::string>{"copy", "fire"}));
    // Pause, resume and removal reach clones as well.
    ASSERT_OK(created->pause());
    fire();
    ASSERT_OK(created->consume());
    EXPECT_EQ(records.size(), 2U);
    ASSERT_OK(created->resume());
    ASSERT_OK(created->remove_hook({"on_tracepoint", "copy"}));
    fire();
    ASSERT_OK(created->consume());
    ASSERT_EQ(records.size(), 3U);
    EXPECT_STREQ(records.back().label, "fire");
}

TEST_F(Clone, Case128_CloneWritesToItsOwnMap) {
    start("fire", {probe("on_raw")});
    auto other = init_manager(spec_of("fire"));
    ASSERT_OK(other);
    const auto map = other->map_fd("hits");
    ASSERT_OK(map);
    CloneSpec clone;
    clone.probe = probe("on_raw", {}, "copy");
    clone.maps = {{"hits", map->get()}};
    ASSERT_OK(manager->clone_program(clone));
    fire(3);
    EXPECT_EQ(count_of(*manager, kHitRaw), 3U);
    EXPECT_EQ(count_of(*other, kHitRaw), 3U);

    clone.probe.id.uid = "bad";
    clone.maps = {{"events", map->get()}};
    const auto unused = manager->clone_program(clone);
    ASSERT_FALSE(unused);
    EXPECT_NE(unused.error().message.find("does not use a map 'events'"), std::string::npos);
}

TEST_F(Clone, Case126_CloneNeedsANewIdAndAKnownProgram) {
    start("fire", {probe("on_raw")});
    CloneSpec clone;
    clone.probe = probe("on_raw");
    EXPECT_FALSE(manager->clone_program(clone));
    clone.probe.id.uid = "one";
    ASSERT_OK(manager->clone_program(clone));
    const auto again = manager->clone_program(clone);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::already_exists);
    clone.probe.id.program = "on_nothing";
    EXPECT_FALSE(manager->clone_program(clone));
}

TEST_F(Clone, Case127_FailedCloneLeavesNothing) {
    start("fire", {probe("on_raw")});
    const std::size_t before = open_fds();
    CloneSpec clone;
    clone.probe = probe("on_raw", Tracepoint{.name = "no_such_tracepoint"}, "x");
    EXPECT_FALSE(manager->clone_program(clone));
    clone.probe = probe("on_raw", {}, "y");
    clone.constants = {{.name = "target_tgid", .value = bytes_of(std::uint64_t{1})}};
    EXPECT_FALSE(manager->clone_program(clone)) << "wrong size";
    clone.constants = {{.name = "mutable_start", .value = bytes_of(std::uint32_t{1}), .allow_mutable = true}};
    EXPECT_FALSE(manager->clone_program(clone)) << "shared data";
    EXPECT_EQ(open_fds(), before);
    EXPECT_EQ(manager->status().size(), 1U);
    // Nor does a good one outlive the stop.
    clone = {};
    clone.probe = probe("on_raw", {}, "z");
    clone.constants = {{.name = "target_tgid", .value = bytes_of(std::uint32_t{1})}};
    ASSERT_OK(manager->stop());
    const std::size_t stopped = open_fds();
    ASSERT_OK(manager->init());
    ASSERT_OK(manager->clone_program(clone));
    ASSERT_OK(manager->stop());
    EXPECT_EQ(open_fds(), stopped);
}

TEST_F(Clone, TracingProgramsCanBeCloned) {
    start("fire", {probe("on_btf")});
    CloneSpec clone;
    clone.probe = probe("on_btf", {}, "copy");
    const auto cloned = manager->clone_program(clone);
    GADGET_SKIP_IF_UNSUPPORTED(cloned);
    ASSERT_OK(cloned);
    fire(2);
    EXPECT_EQ(count_of(*manager, kHitBtf), 4U);
}

}  // namespace
}  // namespace gadget::runtime
