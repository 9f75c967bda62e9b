// SPDX-License-Identifier: Apache-2.0
// Pins: what stays on a bpf file system, what goes, and maps that are made while running.
#include <bpf/bpf.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "kernel_fixture.h"

namespace gadget::runtime {
namespace {

/// Everything with a bpf file system.
struct Pins : KernelTest {
    BpfFs fs;
    void SetUp() override {
        KernelTest::SetUp();
        if (!IsSkipped() && !fs.mounted) GTEST_SKIP() << "missing: the bpf file system";
    }
};

enum class Kind { internal, reused, replaced };

struct CleanupRow {
    Kind kind;
    bool pinned;
    Cleanup flag;  ///< that removes the pin
};

/// Runs one Manager with the map "table" of this kind and says whether its pin is there afterwards.
bool pin_survives(const std::filesystem::path& path, const CleanupRow& row, Cleanup cleanup, bool always) {
    (void)unlink(path.c_str());
    auto owner = init_manager(spec_of("maps"));
    EXPECT_TRUE(owner.has_value());
    const UniqueFd table = *owner->map_fd("table");
    if (row.kind == Kind::reused) {
        EXPECT_EQ(bpf_obj_pin(table.get(), path.c_str()), 0);
    }
    ManagerSpec spec = spec_of("maps");
    MapEdit edit{.map = "table"};
    if (row.pinned) edit.pin_path = path;
    if (row.kind == Kind::replaced) edit.replace_fd = table.get();
    if (row.kind == Kind::internal && !row.pinned) edit.max_entries = 16;
    edit.remove_pin_on_stop = always;
    spec.map_edits = {edit};
    const std::size_t before = open_fds();
    auto manager = init_manager(spec);
    EXPECT_TRUE(manager.has_value()) << manager.error().to_string();
    const std::uint32_t id = manager->map_info("table")->id;
    EXPECT_EQ(std::filesystem::exists(path), row.pinned);
    EXPECT_TRUE(manager->stop(cleanup));
    manager = Error{};
    EXPECT_EQ(open_fds(), before) << "every descriptor of ours is closed, whatever the flags";
    const bool survives = std::filesystem::exists(path);
    EXPECT_TRUE(owner->lookup("table", bytes_of(std::uint32_t{1}))) << "the owner's map is never touched";
    if (row.kind == Kind::internal && !survives) {
        EXPECT_TRUE(map_goes(id));
    }
    return survives;
}

TEST_F(Pins, Case063_CleanupTruthTable) {
    const auto path = fs / "table";
    const std::vector<CleanupRow> rows{
        {Kind::internal, true, Cleanup::internal_pinned},
        {Kind::internal, false, Cleanup::internal_not_pinned},
        {Kind::reused, true, Cleanup::external_pinned},
        {Kind::replaced, true, Cleanup::external_pinned_and_edited},
        {Kind::replaced, false, Cleanup::external_edited},
    };
    const std::vector<Cleanup> flags{Cleanup::none,
                                     Cleanup::internal_pinned,
                                     Cleanup::internal_not_pinned,
                                     Cleanup::external_pinned,
                                     Cleanup::external_pinned_and_edited,
                                     Cleanup::external_edited,
                                     Cleanup::internal,
                                     Cleanup::external,
                                     Cleanup::all};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (const Cleanup flag : flags) {
            const bool expected = rows[i].pinned && !has(flag, rows[i].flag);
            EXPECT_EQ(pin_survives(path, rows[i], flag, false), expected)
                << "row " << i << ", flags " << static_cast<unsigned>(flag);
        }
        EXPECT_FALSE(pin_survives(path, rows[i], Cleanup::none, true)) << "row " << i << ", always";
    }
}

TEST_F(Pins, Case064_ReusedPinIsExternalNotEdited) {
    const CleanupRow reused{Kind::reused, true, Cleanup::external_pinned};
    EXPECT_TRUE(pin_survives(fs / "table", reused, Cleanup::external_pinned_and_edited, false));
    EXPECT_TRUE(pin_survives(fs / "table", reused, Cleanup::internal, false));
    EXPECT_FALSE(pin_survives(fs / "table", reused, Cleanup::external_pinned, false));
}

TEST_F(Pins, Case065_PinnedProgramIsReusedAndGoes) {
    const auto path = fs / "program";
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw")};
    spec.probes.front().pin_program = path;
    spec.probes.front().keep_pins = true;
    const auto id_of = [](const Manager& manager) { return manager.programs().front().id; };
    auto first = init_manager(spec);
    ASSERT_OK(first);
    const std::uint32_t id = id_of(*first);
    ASSERT_OK(first->stop());
    EXPECT_TRUE(std::filesystem::exists(path)) << "kept";
    EXPECT_TRUE(program_exists(id));
    spec.probes.front().keep_pins = false;
    auto second = start_manager(spec);
    ASSERT_OK(second);
    EXPECT_EQ(id_of(*second), id) << "the same program, not loaded again";
    EXPECT_FALSE(second->clone_program({.probe = probe("on_raw", {}, "clone")}))
        << "there is nothing to clone from";
    ASSERT_OK(second->stop());
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_TRUE(program_goes(id));

    // What is pinned there must be a program of this kind; nothing is left of an attempt that fails.
    auto maps = init_manager(spec_of("maps"));
    ASSERT_OK(maps);
    ASSERT_EQ(bpf_obj_pin(maps->map_fd("table")->get(), path.c_str()), 0);
    EXPECT_FALSE(init_manager(spec));
    spec.probes.front().pin_program = "/tmp/program";
    const auto outside = init_manager(spec);
    ASSERT_FALSE(outside);
    EXPECT_NE(outside.error().message.find("not on a bpf file system"), std::string::npos);
}

TEST_F(Pins, FailedInitRemovesThePinsItMade) {
    ManagerSpec spec = spec_of("maps");
    spec.map_edits = {{.map = "table", .pin_path = fs / "table"}};
    spec.map_entries = {{"nowhere", Bytes(4), Bytes(8)}};  // found out after the load
    EXPECT_FALSE(init_manager(spec));
    EXPECT_FALSE(std::filesystem::exists(fs / "table"));
}

TEST_F(Pins, Case067_PinnedLinkOutlivesItsProcess) {
    ManagerSpec spec = spec_of("fire");
    spec.map_edits = {{.map = "hits", .pin_path = fs / "hits"}};
    spec.probes = {probe("on_uprobe", own_function())};
    spec.probes.front().pin_program = fs / "program";
    spec.probes.front().pin_link = fs / "link";
    spec.probes.front().keep_pins = true;
    {
        START_OR_SKIP(trial, spec);
        ASSERT_OK(trial->stop(Cleanup::all));
        ASSERT_TRUE(std::filesystem::exists(fs / "link"));
        for (const char* const name : {"link", "program"}) (void)unlink((fs / name).c_str());
    }
    const pid_t child = fork();
    if (child == 0) {
        const auto manager = start_manager(spec);
        _exit(manager ? 0 : 1);  // no destructor runs
    }
    int status = 1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    EXPECT_EQ(gadget_test_target(1), 2);  // counted by nobody's program
    auto heir = init_manager(spec);
    ASSERT_OK(heir);
    EXPECT_EQ(count_of(*heir, kHitUprobe), 1U);
    ASSERT_OK(heir->start());
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*heir, kHitUprobe), 2U) << "taken over, not attached twice";
    ASSERT_OK(heir->pause());
    EXPECT_FALSE(std::filesystem::exists(fs / "link")) << "a pause takes a pinned link off as well";
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*heir, kHitUprobe), 2U);
    ASSERT_OK(heir->resume());
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*heir, kHitUprobe), 3U);
    ASSERT_OK(heir->stop(Cleanup::all));
    spec.probes.front().keep_pins = false;
    auto last = start_manager(spec);
    ASSERT_OK(last);
    ASSERT_OK(last->stop());
    for (const char* const name : {"link", "program"})
        EXPECT_FALSE(std::filesystem::exists(fs / name)) << name;
}

TEST_F(Pins, Case068_MapsMadeWhileRunning) {
    auto manager = init_manager(spec_of("maps"));
    ASSERT_OK(manager);
    const std::size_t maps = manager->maps().size();
    NewMap fresh{
        .name = "fresh", .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 10};
    fresh.pin_path = fs / "fresh";
    ASSERT_OK(manager->new_map(fresh));
    ASSERT_OK(manager->clone_map("table", "copy of table"));
    EXPECT_EQ(manager->maps().size(), maps + 2);
    ASSERT_OK(manager->update("fresh", bytes_of(std::uint32_t{1}), bytes_of(std::uint64_t{2})));
    ASSERT_OK(manager->update("table", bytes_of(std::uint32_t{1}), bytes_of(std::uint64_t{3})));
    EXPECT_FALSE(manager->lookup("copy of table", bytes_of(std::uint32_t{1}))->has_value())
        << "its data are its own";
    EXPECT_EQ(manager->map_info("copy of table")->max_entries, manager->map_info("table")->max_entries);
    for (const char* const taken : {"fresh", "table"}) {
        const auto again = manager->new_map({.name = taken, .type = BPF_MAP_TYPE_ARRAY});
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().code, ErrorCode::already_exists);
    }
    const std::size_t before = open_fds();
    fresh.name = "other";
    EXPECT_EQ(manager->new_map(fresh).error().code, ErrorCode::already_exists) << "the pin is taken";
    fresh.pin_path = "/tmp/other";
    EXPECT_FALSE(manager->new_map(fresh));
    EXPECT_FALSE(manager->clone_map("nowhere", "x"));
    EXPECT_EQ(open_fds(), before);
    EXPECT_FALSE(manager->map_info("other"));
    const std::uint32_t id = manager->map_info("copy of table")->id;
    const std::uint32_t pinned = manager->map_info("fresh")->id;
    ASSERT_OK(manager->stop());
    EXPECT_TRUE(map_goes(id));
    EXPECT_TRUE(map_exists(pinned)) << "the pin holds it";
    EXPECT_FALSE(manager->new_map(fresh)) << "not initialized";
}

TEST_F(Pins, KilledManagerLeavesWhatIsPinnedAndNothingElse) {
    std::array<int, 2> pipe_fds{};
    ASSERT_EQ(pipe(pipe_fds.data()), 0);
    const UniqueFd reader(pipe_fds[0]);
    const UniqueFd writer(pipe_fds[1]);
    const pid_t child = fork();
    if (child == 0) {
        ManagerSpec spec = spec_of("fire");
        spec.map_edits = {{.map = "hits", .pin_path = fs / "hits"}};
        spec.probes = {probe("on_raw"), probe("on_uprobe", own_function())};
        const auto manager = start_manager(spec);
        const std::uint32_t ids[3]{manager ? manager->map_info("hits")->id : 0,
                                   manager ? manager->map_info("events")->id : 0,
                                   manager ? manager->programs().front().id : 0};
        (void)!write(writer.get(), ids, sizeof(ids));
        while (true) pause();
    }
    std::uint32_t ids[3]{};
    ASSERT_EQ(read(reader.get(), ids, sizeof(ids)), static_cast<ssize_t>(sizeof(ids)));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    EXPECT_TRUE(program_goes(ids[2]));
    EXPECT_TRUE(map_goes(ids[1]));
    EXPECT_TRUE(map_exists(ids[0])) << "pinned on purpose";
}

}  // namespace
}  // namespace gadget::runtime
