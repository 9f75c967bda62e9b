// SPDX-License-Identifier: Apache-2.0
// Maps by name, routes of inner maps and tail calls.
#include <sys/mount.h>
#include <sys/vfs.h>

#include <chrono>
#include <map>

#include "gadget/support/files.h"
#include "kernel_fixture.h"

namespace gadget::runtime {
namespace {

struct Maps : KernelTest {
    std::optional<Manager> manager;

    void load(ManagerSpec spec) {
        spec.load_all = true;
        auto created = Manager::create(std::move(spec));
        ASSERT_OK(created);
        manager.emplace(std::move(*created));
        ASSERT_OK(manager->init());
    }
};

Bytes key_of(std::uint32_t key) {
    return bytes_of(key);
}

TEST_F(Maps, LookupUpdateErase) {
    load(spec_of("maps"));
    EXPECT_FALSE(*manager->lookup("table", key_of(5)));
    ASSERT_OK(manager->update("table", key_of(5), bytes_of(std::uint64_t{50})));
    EXPECT_EQ(value_of<std::uint64_t>(**manager->lookup("table", key_of(5))), 50U);
    const auto twice = manager->update("table", key_of(5), bytes_of(std::uint64_t{51}), UpdateMode::insert);
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, ErrorCode::already_exists);
    EXPECT_FALSE(manager->update("table", key_of(6), bytes_of(std::uint64_t{51}), UpdateMode::replace));
    EXPECT_TRUE(*manager->erase("table", key_of(5)));
    EXPECT_FALSE(*manager->erase("table", key_of(5)));
    EXPECT_FALSE(manager->lookup("tabel", key_of(5)));
}

TEST_F(Maps, WrongSizesAreRefusedBeforeTheKernelReads) {
    load(spec_of("maps"));
    const auto lookup = manager->lookup("table", bytes_of(std::uint64_t{1}));
    ASSERT_FALSE(lookup);
    EXPECT_EQ(lookup.error().message, "the key of map 'table' has 4 bytes, 8 were given");
    EXPECT_FALSE(manager->update("table", key_of(1), key_of(1)));
    EXPECT_FALSE(manager->erase("table", {}));
}

TEST_F(Maps, ForEachSeesEveryElementOnce) {
    load(spec_of("maps"));
    for (std::uint32_t key = 0; key < 2000; ++key) {
        ASSERT_OK(manager->update("table", key_of(key), bytes_of(std::uint64_t{key} * 3)));
    }
    std::map<std::uint32_t, std::uint64_t> seen;
    ASSERT_OK(manager->for_each("table", [&](auto key, auto value) {
        EXPECT_TRUE(seen.emplace(value_of<std::uint32_t>(key), value_of<std::uint64_t>(value)).second);
        return true;
    }));
    ASSERT_EQ(seen.size(), 2000U);
    for (const auto& [key, value] : seen) EXPECT_EQ(value, std::uint64_t{key} * 3);
    std::size_t calls = 0;
    ASSERT_OK(manager->for_each("table", [&](auto, auto) { return ++calls < 7; }));
    EXPECT_EQ(calls, 7U);
}

TEST_F(Maps, ForEachOnPerCpuAndEmptyMaps) {
    load(spec_of("maps"));
    std::size_t calls = 0;
    ASSERT_OK(manager->for_each("per_cpu", [&](auto, auto) { return ++calls != 0; }));
    EXPECT_EQ(calls, 0U);
    const auto info = manager->map_info("per_cpu");
    ASSERT_OK(info);
    EXPECT_TRUE(info->per_cpu);
    ASSERT_EQ(info->full_value_size % 8, 0U);
    Bytes values(info->full_value_size);
    values.front() = std::byte{9};
    ASSERT_OK(manager->update("per_cpu", key_of(1), values));
    ASSERT_OK(manager->for_each("per_cpu", [&](auto, auto value) {
        EXPECT_TRUE(std::ranges::equal(value, values));
        return true;
    }));
    // Maps in maps cannot be read in batches of values on every kernel: the walk falls back by itself.
    ASSERT_OK(manager->for_each("outer", [](auto, auto) { return true; }));
}

TEST_F(Maps, Case051_RoutesOfInnerMaps) {
    ManagerSpec spec = spec_of("maps");
    load(spec);
    EXPECT_EQ(value_of<std::uint64_t>(**manager->lookup("inner_one", key_of(0))), 0U);
    const Bytes packet(64);
    ASSERT_OK(manager->test_run("on_jump", {.data = packet}));
    EXPECT_EQ(value_of<std::uint64_t>(**manager->lookup("inner_one", key_of(0))), 0U)
        << "nothing is routed yet";

    spec.map_routes = {{.outer = "outer", .key = key_of(1), .inner = "inner_one"},
                       {.outer = "outer", .key = key_of(2), .inner = "inner_two"}};
    load(spec);
    ASSERT_OK(manager->test_run("on_jump", {.data = packet}));
    EXPECT_EQ(value_of<std::uint64_t>(**manager->lookup("inner_one", key_of(0))), 500U);

    const auto unknown = [&](MapRoute route) { return manager->route_maps(std::span(&route, 1)); };
    EXPECT_FALSE(unknown({.outer = "nowhere", .key = key_of(1), .inner = "inner_one"}));
    EXPECT_FALSE(unknown({.outer = "outer", .key = key_of(1), .inner = "nothing"}));
    EXPECT_FALSE(unknown({.outer = "outer", .key = bytes_of(std::uint64_t{1}), .inner = "inner_one"}));
    EXPECT_FALSE(unknown({.outer = "outer", .key = key_of(1), .inner = "table"})) << "another shape";
}

TEST_F(Maps, Case057_ManyRoutesInOneCall) {
    load(spec_of("maps"));
    std::vector<MapRoute> routes;
    for (std::uint32_t key = 0; key < 64; ++key) {
        routes.push_back(
            {.outer = "outer", .key = key_of(key), .inner = key % 2 == 0 ? "inner_one" : "inner_two"});
    }
    ASSERT_OK(manager->route_maps(routes));
    std::size_t seen = 0;
    ASSERT_OK(manager->for_each("outer", [&](auto, auto) { return ++seen != 0; }));
    EXPECT_EQ(seen, 64U);
    if (kernel_before(5, 19)) return;  // no batches of inner maps there
    // The kernel waits for its readers once a call; how long that takes: bench/run BUILD runtime.
    SyscallCount calls(SYS_bpf);
    if (!calls.works()) GTEST_SKIP() << "missing: raw tracepoints";
    ASSERT_OK(manager->route_maps(routes));
    const std::uint64_t together = calls.take();
    for (const MapRoute& route : routes) ASSERT_OK(manager->route_maps(std::span(&route, 1)));
    EXPECT_LE(together + 63, calls.take()) << "63 updates fewer";
}

TEST_F(Maps, Case061_TailCalls) {
    ManagerSpec spec = spec_of("maps");
    load(spec);
    const Bytes packet(64);
    EXPECT_EQ(manager->test_run("on_entry", {.data = packet})->return_value, 1U) << "the jump leads nowhere";
    spec.probes = {probe("on_entry")};
    spec.probes.front().enabled = false;
    spec.tail_calls = {{.map = "jumps", .key = 1, .program = "on_jump"}};
    load(spec);
    EXPECT_EQ(manager->test_run("on_entry", {.data = packet})->return_value, 100U);
    TailCallRoute unknown{.map = "jumps", .key = 1, .program = "on_nothing"};
    EXPECT_FALSE(manager->route_tail_calls(std::span(&unknown, 1)));
    TailCallRoute outside{.map = "jumps", .key = 99, .program = "on_jump"};
    EXPECT_FALSE(manager->route_tail_calls(std::span(&outside, 1)));
}

TEST_F(Maps, Case060_TailCallIntoAProgramOfAnotherManager) {
    load(spec_of("maps"));
    auto other = init_manager([] {
        ManagerSpec spec = spec_of("maps");
        spec.constants = {{.name = "answer", .value = bytes_of(std::uint64_t{321})}};
        return spec;
    }());
    ASSERT_OK(other);
    const auto program = other->program_fd("on_jump");
    ASSERT_OK(program);
    TailCallRoute route{.map = "jumps", .key = 1, .program_fd = program->get()};
    ASSERT_OK(manager->route_tail_calls(std::span(&route, 1)));
    const Bytes packet(64);
    EXPECT_EQ(manager->test_run("on_entry", {.data = packet})->return_value, 321U);
    ManagerSpec excluding = spec_of("maps");
    excluding.excluded_programs = {"on_jump"};
    excluding.tail_calls = {{.map = "jumps", .key = 1, .program = "on_jump"}};
    const auto refused = init_manager(excluding);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::not_found);
}

TEST_F(Maps, Case062_PinnedMapOutlivesItsManager) {
    const BpfFs pins;
    if (!pins.mounted) GTEST_SKIP() << "missing: the bpf file system";
    const auto path = pins.folder->path() / "table";
    ManagerSpec spec = spec_of("maps");
    spec.map_edits = {{.map = "table", .pin_path = path}};
    load(spec);
    EXPECT_TRUE(std::filesystem::exists(path));
    ASSERT_OK(manager->update("table", key_of(1), bytes_of(std::uint64_t{66})));
    ASSERT_OK(manager->stop());
    EXPECT_TRUE(std::filesystem::exists(path));
    spec.map_edits.front().remove_pin_on_stop = true;
    load(spec);
    EXPECT_EQ(value_of<std::uint64_t>(**manager->lookup("table", key_of(1))), 66U);
    ASSERT_OK(manager->stop());
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Maps, Case066_BadPinPathsAreToldApart) {
    const auto fail = [](const std::filesystem::path& path) {
        ManagerSpec spec = spec_of("maps");
        spec.map_edits = {{.map = "table", .pin_path = path}};
        auto created = Manager::create(spec);
        return created->init().error();
    };
    EXPECT_NE(fail("/tmp/table").message.find("not on a bpf file system"), std::string::npos);
    EXPECT_EQ(fail("/nonexistent/table").code, ErrorCode::not_found);
    const BpfFs pins;
    if (!pins.mounted) GTEST_SKIP() << "missing: the bpf file system";
    const auto path = pins.folder->path() / "other";
    ManagerSpec spec = spec_of("maps");
    spec.map_edits = {{.map = "excluded", .pin_path = path}};
    load(spec);
    const Error mismatch = fail(path);
    EXPECT_NE(mismatch.message.find("table"), std::string::npos) << mismatch.message;
}

}  // namespace
}  // namespace gadget::runtime
