// SPDX-License-Identifier: Apache-2.0
// What is changed before the load: constants, map definitions, excluded parts.
#include <bpf/bpf.h>

#include "kernel_fixture.h"

namespace gadget::runtime {
namespace {

using Load = KernelTest;

ManagerSpec maps_spec() {
    ManagerSpec spec = spec_of("maps");
    spec.load_all = true;
    return spec;
}

Constant constant(std::string name, Bytes value) {
    Constant result;
    result.name = std::move(name);
    result.value = std::move(value);
    return result;
}

const Bytes kPacket(64);

std::uint32_t run(const Manager& manager, const char* program) {
    const auto outcome = manager.test_run(program, {.data = kPacket});
    EXPECT_TRUE(outcome.has_value()) << outcome.error().to_string();
    return outcome ? outcome->return_value : 0;
}

TEST_F(Load, Case042_ConstantReachesTheProgram) {
    ManagerSpec spec = maps_spec();
    spec.constants = {constant("answer", bytes_of(std::uint64_t{123}))};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    EXPECT_EQ(run(*manager, "on_jump"), 123U);
}

TEST_F(Load, Case042_WrongSizeIsRefusedWithBothSizes) {
    ManagerSpec spec = maps_spec();
    spec.constants = {constant("answer", bytes_of(std::uint32_t{1}))};
    auto manager = Manager::create(spec);
    ASSERT_OK(manager);
    const auto loaded = manager->init();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(loaded.error().message.find("'answer'"), std::string::npos);
    EXPECT_NE(loaded.error().message.find("has 8 bytes"), std::string::npos);
    EXPECT_NE(loaded.error().message.find("given has 4"), std::string::npos);
}

TEST_F(Load, Case042_MissingConstant) {
    ManagerSpec spec = maps_spec();
    spec.constants = {constant("anwser", bytes_of(std::uint64_t{1}))};
    auto manager = Manager::create(spec);
    ASSERT_OK(manager);
    const auto loaded = manager->init();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::not_found);
    EXPECT_NE(loaded.error().hint.find("answer"), std::string::npos);
    spec.constants.front().optional = true;
    auto lenient = init_manager(spec);
    ASSERT_OK(lenient);

    ManagerSpec without = spec_of("refused");  // has no global variable at all
    without.probes = {probe("on_good")};
    without.constants = {constant("answer", bytes_of(std::uint64_t{1}))};
    auto none = Manager::create(without);
    ASSERT_OK(none);
    EXPECT_FALSE(none->init());
}

TEST_F(Load, Case042_MutableVariableNeedsLeave) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_tracepoint")};
    std::uint32_t seen = 0;
    spec.ring_buffers.push_back(
        {.map = "events", .on_record = [&](auto record) { seen = value_of<FireRecord>(record).start; }});
    spec.constants.push_back(constant("mutable_start", bytes_of(std::uint32_t{77})));
    auto strict = Manager::create(spec);
    ASSERT_OK(strict);
    const auto refused = strict->init();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find(".data"), std::string::npos);
    spec.constants.back().allow_mutable = true;
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    const auto started = manager->start();
    GADGET_SKIP_IF_UNSUPPORTED(started);
    ASSERT_OK(started);
    fire();
    ASSERT_OK(manager->consume());
    EXPECT_EQ(seen, 77U);
}

TEST_F(Load, Case042_ArrayConstant) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_tracepoint")};
    std::string seen;
    spec.ring_buffers.push_back(
        {.map = "events", .on_record = [&](auto record) { seen = value_of<FireRecord>(record).label; }});
    spec.constants.push_back(constant("label", bytes_of(std::array<char, 8>{'o', 't', 'h', 'e', 'r'})));
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    const auto started = manager->start();
    GADGET_SKIP_IF_UNSUPPORTED(started);
    ASSERT_OK(started);
    fire();
    ASSERT_OK(manager->consume());
    EXPECT_EQ(seen, "other");
}

TEST_F(Load, Case033_034_035_ExcludedMapInUseIsNamed) {
    ManagerSpec spec = maps_spec();
    spec.map_edits = {{.map = "excluded", .create = false}};
    auto manager = Manager::create(spec);
    ASSERT_OK(manager);
    const auto loaded = manager->init();
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().message.find("excluded"), std::string::npos) << loaded.error().message;

    // Case 034: without the program that uses it, it is not missed.
    spec.excluded_programs = {"on_excluded"};
    auto without = init_manager(spec);
    ASSERT_OK(without);

    // Case 035: nor when a constant makes its use unreachable.
    spec.excluded_programs.clear();
    spec.constants = {constant("use_excluded", bytes_of(std::int32_t{0}))};
    auto dead_code = init_manager(spec);
    ASSERT_OK(dead_code);
}

TEST_F(Load, Case047_MapEdits) {
    ManagerSpec spec = maps_spec();
    spec.map_edits = {{.map = "table", .type = std::uint32_t{BPF_MAP_TYPE_LRU_HASH}, .max_entries = 1000000}};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    const auto info = manager->map_info("table");
    ASSERT_OK(info);
    EXPECT_EQ(info->type, std::uint32_t{BPF_MAP_TYPE_LRU_HASH});
    EXPECT_EQ(info->max_entries, 1000000U);
    EXPECT_EQ(info->key_size, 4U);
    EXPECT_EQ(info->value_size, 8U);
}

TEST_F(Load, Case048_EmptyEditAndUnknownMapAreRefused) {
    ManagerSpec spec = maps_spec();
    spec.map_edits = {{.map = "table"}};
    auto empty = Manager::create(spec);
    ASSERT_OK(empty);
    EXPECT_FALSE(empty->init());
    spec.map_edits = {{.map = "tabel", .max_entries = 1}};
    auto unknown = Manager::create(spec);
    ASSERT_OK(unknown);
    const auto loaded = unknown->init();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::not_found);
    EXPECT_NE(loaded.error().hint.find("table"), std::string::npos);
}

TEST_F(Load, Case049_InitialContentsAndFreeze) {
    ManagerSpec spec = maps_spec();
    spec.map_entries = {{"table", bytes_of(std::uint32_t{1}), bytes_of(std::uint64_t{55})}};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    EXPECT_EQ(run(*manager, "on_table"), 55U);
    ASSERT_OK(manager->freeze("table"));
    EXPECT_FALSE(manager->update("table", bytes_of(std::uint32_t{1}), bytes_of(std::uint64_t{1})));
    EXPECT_EQ(run(*manager, "on_table"), 55U);
}

TEST_F(Load, Case049_FrozenBeforeAnyProgramRuns) {
    ManagerSpec spec = maps_spec();
    spec.map_entries = {{"table", bytes_of(std::uint32_t{1}), bytes_of(std::uint64_t{55})}};
    spec.map_edits = {{.map = "table", .freeze = true}};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    EXPECT_FALSE(manager->update("table", bytes_of(std::uint32_t{1}), bytes_of(std::uint64_t{1})));
    EXPECT_EQ(run(*manager, "on_table"), 55U);
}

TEST_F(Load, Case048_BloomFilterWithItsNumberOfHashes) {
    ManagerSpec spec = spec_of("maps");
    spec.probes = {probe("on_jump")};  // which does not use the map
    spec.map_edits = {
        {.map = "table", .type = std::uint32_t{BPF_MAP_TYPE_BLOOM_FILTER}, .key_size = 0, .map_extra = 3}};
    auto manager = init_manager(spec);
    if (!manager && kernel_before(5, 16)) GTEST_SKIP() << "missing: Bloom filter maps (Linux 5.16)";
    ASSERT_OK(manager);
    bpf_map_info info{};
    __u32 size = sizeof(info);
    ASSERT_EQ(bpf_obj_get_info_by_fd(manager->map_fd("table")->get(), &info, &size), 0);
    EXPECT_EQ(info.type, std::uint32_t{BPF_MAP_TYPE_BLOOM_FILTER});
    EXPECT_EQ(info.map_extra, 3U);
}

TEST_F(Load, Case050_055_MapSharedBetweenManagers) {
    auto owner = init_manager(maps_spec());
    ASSERT_OK(owner);
    const auto table = owner->map_fd("table");
    ASSERT_OK(table);
    ManagerSpec spec = maps_spec();
    spec.map_edits = {{.map = "table", .replace_fd = table->get()}};
    auto guest = init_manager(spec);
    ASSERT_OK(guest);
    ASSERT_OK(guest->update("table", bytes_of(std::uint32_t{1}), bytes_of(std::uint64_t{42})));
    EXPECT_EQ(run(*owner, "on_table"), 42U);
    // Case 055: one that stops leaves the other's map alone.
    ASSERT_OK(guest->stop());
    EXPECT_EQ(run(*owner, "on_table"), 42U);
}

TEST_F(Load, Case053_IncompatibleSharedMapNamesTheDifference) {
    auto owner = init_manager(maps_spec());
    ASSERT_OK(owner);
    const auto other = owner->map_fd("excluded");
    ASSERT_OK(other);
    ManagerSpec spec = maps_spec();
    spec.map_edits = {{.map = "table", .replace_fd = other->get()}};
    auto guest = Manager::create(spec);
    ASSERT_OK(guest);
    const auto loaded = guest->init();
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().message.find("value size 4 instead of 8"), std::string::npos)
        << loaded.error().message;
    EXPECT_NE(loaded.error().message.find("maximum of entries"), std::string::npos);
}

TEST_F(Load, UnknownTypeSectionsGetTheirType) {
    ManagerSpec spec = spec_of("net");
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    for (const ProgramInfo& program : manager->programs()) {
        if (program.name == "on_socket") {
            EXPECT_EQ(program.type, std::uint32_t{BPF_PROG_TYPE_SOCKET_FILTER});
        }
        if (program.name == "on_xdp") {
            EXPECT_EQ(program.type, std::uint32_t{BPF_PROG_TYPE_XDP});
        }
        if (program.name == "on_egress") {
            EXPECT_EQ(program.type, std::uint32_t{BPF_PROG_TYPE_SCHED_CLS});
        }
        EXPECT_GT(program.instructions, 0U);
    }
    EXPECT_EQ(manager->programs().size(), 7U);
}

TEST_F(Load, Case133_TestRun) {
    ManagerSpec spec = maps_spec();
    spec.map_entries = {{"table", bytes_of(std::uint32_t{1}), bytes_of(std::uint64_t{9})}};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    const auto outcome = manager->test_run("on_table", {.data = kPacket, .repeat = 1000});
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->return_value, 9U);
    EXPECT_EQ(outcome->data.size(), kPacket.size());
    EXPECT_FALSE(manager->test_run("on_table", {.data = std::span(kPacket).first(4)}))
        << "too short for a packet";
    EXPECT_FALSE(manager->test_run("unknown", {.data = kPacket}));
}

TEST_F(Load, DamagedObjectsAreRefused) {
    const Bytes whole = object_bytes("fire");
    for (std::size_t size = 0; size < whole.size(); size += 97) {
        ManagerSpec spec = spec_of("fire");
        spec.object = ObjectBytes{Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))};
        auto manager = Manager::create(std::move(spec));
        ASSERT_OK(manager);
        EXPECT_FALSE(manager->init()) << size;
    }
}

}  // namespace
}  // namespace gadget::runtime
