// SPDX-License-Identifier: Apache-2.0
// What a spec can ask for besides probes: opening before loading, limits, exclusion by callback, templates,
// routes.
#include <bpf/bpf.h>
#include <linux/capability.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

#include "kernel_fixture.h"

namespace gadget::runtime {
namespace {

using Choices = KernelTest;

const Bytes kPacket(64);

Bytes key_of(std::uint32_t value) {
    return bytes_of(value);
}

TEST_F(Choices, Case008_AnObjectIsOpenedOnce) {
    auto manager = Manager::create(spec_of("fire"));
    ASSERT_OK(manager);
    const auto contents = manager->open();
    ASSERT_OK(contents);
    EXPECT_NE(std::ranges::find(contents->programs, "on_raw"), contents->programs.end());
    EXPECT_NE(std::ranges::find(contents->maps, "hits"), contents->maps.end());
    EXPECT_TRUE(contents->asm_constants.empty());
    EXPECT_EQ(manager->state(), State::reset);
    EXPECT_EQ(manager->open().error().code, ErrorCode::already_exists);
    ASSERT_OK(manager->init());
    EXPECT_EQ(manager->open().error().code, ErrorCode::already_exists);
    ASSERT_OK(manager->stop());
    ASSERT_OK(manager->open());

    // What was opened is what is loaded, whatever becomes of the file.
    const auto folder = TempDir::create("gadget-open");
    ASSERT_OK(folder);
    const auto path = folder->path() / "x.bpf.o";
    const Bytes bytes = object_bytes("asm_constants");
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    ManagerSpec spec;
    spec.object = ObjectFile{path};
    auto from_file = Manager::create(spec);
    ASSERT_OK(from_file);
    EXPECT_EQ(from_file->open()->asm_constants, std::vector<std::string>{"constant"});
    std::filesystem::remove(path);
    EXPECT_OK(from_file->init());
}

TEST_F(Choices, Case013_LoadingNeedsNoMemlockLimitWhereMemoryIsAccounted) {
    // Neither a limit nor the right to raise it: kernels from 5.11 on account to the control group instead.
    const bool worked = in_child([] {
        const rlimit none{0, 0};
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct data[2]{};
        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || syscall(SYS_capget, &header, data) != 0) return false;
        data[0].effective &= ~(1U << CAP_SYS_RESOURCE);
        data[0].permitted &= ~(1U << CAP_SYS_RESOURCE);
        if (syscall(SYS_capset, &header, data) != 0) return false;
        const rlimit more{RLIM_INFINITY, RLIM_INFINITY};
        if (setrlimit(RLIMIT_MEMLOCK, &more) == 0) return false;
        return init_manager(spec_of("maps")).has_value();
    });
    if (!worked && kernel_before(5, 11))
        GTEST_SKIP() << "missing: accounting of maps to control groups (Linux 5.11)";
    EXPECT_TRUE(worked);
}

TEST_F(Choices, Case017_TheKernelsTypesAreLetGo) {
    std::error_code error;
    const auto size = std::filesystem::file_size("/sys/kernel/btf/vmlinux", error);
    if (error) GTEST_SKIP() << "missing: the kernel's BTF";
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_btf")};  // libbpf reads all types of the kernel to find one
    {
        const auto warm = start_manager(spec);
        GADGET_SKIP_IF_UNSUPPORTED(warm);
        ASSERT_OK(warm);
    }
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    auto manager = start_manager(spec);
    ASSERT_OK(manager);
    const std::size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    EXPECT_LT(after, before + size / 4) << "of " << size << " bytes of types";
}

TEST_F(Choices, Case031_AFailedProbeRunsOnceItsTargetIsThere) {
    const auto folder = TempDir::create("gadget-late");
    ASSERT_OK(folder);
    const auto late = folder->path() / "late";
    ManagerSpec spec = spec_of("fire");
    UserFunction target = own_function();
    target.binary = late.string();
    spec.probes = {probe("on_uprobe", target), probe("on_raw")};
    spec.activation = {Selector::best_effort({Selector::probe({"on_uprobe"})}), Selector::probe({"on_raw"})};
    START_OR_SKIP(manager, spec);
    EXPECT_EQ(manager->status().front().state, ProbeState::failed);
    EXPECT_EQ(manager->status().front().reason->code, ErrorCode::not_found);
    std::filesystem::copy_file("/proc/self/exe", late);
    ASSERT_OK(manager->update_activation({Selector::probe({"on_uprobe"}), Selector::probe({"on_raw"})}));
    EXPECT_EQ(manager->status().front().state, ProbeState::running);
}

TEST_F(Choices, Case036_TheExcluderIsAskedOnceForEachProgram) {
    ManagerSpec spec = spec_of("fire");
    std::multiset<std::string> asked;
    int done = 0;
    spec.excluder.excluded = [&](const std::string& program, const std::string& section) {
        EXPECT_FALSE(section.empty());
        asked.insert(program);
        return program == "on_uprobe";
    };
    spec.excluder.done = [&] { ++done; };
    spec.probes = {probe("on_raw"), probe("on_uprobe", own_function())};
    for (const char* const uid : {"a", "b"}) {
        const bool excluded = *uid == 'a';
        spec.probes.push_back(probe(excluded ? "on_uprobe" : "on_uretprobe", own_function(), uid));
        spec.probes.back().own_copy = true;
        spec.constants.push_back({.name = "label", .value = Bytes(8), .probes = {spec.probes.back().id}});
    }
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    for (const char* const program :
         {"on_tracepoint", "on_raw", "on_btf", "on_uprobe", "on_uretprobe", "on_perf_event"}) {
        EXPECT_EQ(asked.count(program), 1U) << program;
    }
    EXPECT_EQ(done, 1);
    EXPECT_EQ(manager->status()[1].state, ProbeState::excluded);
    EXPECT_EQ(manager->status()[2].state, ProbeState::excluded) << "and nobody misses its constant";
    EXPECT_EQ(manager->status()[3].state, ProbeState::loaded);
    const auto running = manager->start();
    GADGET_SKIP_IF_UNSUPPORTED(running);
    EXPECT_OK(running);
}

TEST_F(Choices, Case037_ExcludedBuffersHaveNoReader) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_raw")};
    spec.ring_buffers = {{.map = "events", .on_record = [](auto) {}}};
    spec.map_edits = {{.map = "events", .create = false}};
    auto ring = init_manager(spec);
    ASSERT_OK(ring);
    EXPECT_TRUE(ring->reader_stats().empty());
    ManagerSpec perf_spec = spec_of("perf");
    perf_spec.excluded_programs = {"on_tracepoint"};
    perf_spec.perf_buffers = {{.map = "events", .on_record = [](int, auto) {}}};
    perf_spec.map_edits = {{.map = "events", .create = false}};
    auto perf = init_manager(perf_spec);
    ASSERT_OK(perf);
    EXPECT_TRUE(perf->reader_stats().empty());
}

TEST_F(Choices, Case052_MapsInMapsNeedATemplate) {
    ManagerSpec spec = spec_of("inner_template");
    EXPECT_FALSE(init_manager(spec));
    spec.map_edits = {{.map = "outer", .inner_like = "model"}};
    spec.map_routes = {{.outer = "outer", .key = key_of(1), .inner = "model"}};
    spec.map_entries = {{"model", key_of(0), bytes_of(std::uint64_t{37})}};
    auto by_name = init_manager(spec);
    ASSERT_OK(by_name);
    EXPECT_EQ(by_name->test_run("on_outer", {.data = kPacket})->return_value, 37U);
    const UniqueFd model = *by_name->map_fd("model");
    spec.map_edits = {{.map = "outer", .inner_map_fd = model.get()}};
    EXPECT_OK(init_manager(spec));
    spec.map_edits = {{.map = "outer", .inner_like = "modle"}};
    const auto unknown = init_manager(spec);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
    EXPECT_NE(unknown.error().hint.find("model"), std::string::npos);
    spec.map_edits = {{.map = "outre", .inner_like = "model"}};
    EXPECT_EQ(init_manager(spec).error().code, ErrorCode::not_found);
}

TEST_F(Choices, Case054_ReplacementsForMapsThatAreNotThere) {
    auto owner = init_manager(spec_of("maps"));
    ASSERT_OK(owner);
    const UniqueFd table = *owner->map_fd("table");
    ManagerSpec spec = spec_of("fire");
    spec.map_edits = {{.map = "table", .replace_fd = table.get()}};
    const auto strict = init_manager(spec);
    ASSERT_FALSE(strict);
    EXPECT_EQ(strict.error().code, ErrorCode::not_found);
    spec.map_edits.front().optional = true;
    auto lenient = init_manager(spec);
    ASSERT_OK(lenient);
    ASSERT_OK(lenient->update("table", key_of(1), bytes_of(std::uint64_t{4})));
    EXPECT_EQ(value_of<std::uint64_t>(**owner->lookup("table", key_of(1))), 4U) << "the very map";
    EXPECT_EQ(lenient->map_info("table")->id, owner->map_info("table")->id);
}

TEST_F(Choices, Case056_TheFirstBadRouteStopsAndEarlierOnesStay) {
    auto manager = init_manager(spec_of("maps"));
    ASSERT_OK(manager);
    const UniqueFd inner = *manager->map_fd("inner_two");
    const auto routed = [&](std::uint32_t key) { return manager->lookup("outer", key_of(key))->has_value(); };
    const std::vector<MapRoute> routes{{.outer = "outer", .key = key_of(1), .inner = "inner_one"},
                                       {.outer = "outer", .key = key_of(2), .inner_fd = inner.get()},
                                       {.outer = "outer", .key = key_of(3), .inner = "nowhere"},
                                       {.outer = "outer", .key = key_of(4), .inner = "inner_one"}};
    const auto unknown_inner = manager->route_maps(routes);
    ASSERT_FALSE(unknown_inner);
    EXPECT_EQ(unknown_inner.error().code, ErrorCode::not_found);
    EXPECT_NE(unknown_inner.error().message.find("nowhere"), std::string::npos);
    EXPECT_TRUE(routed(1));
    EXPECT_TRUE(routed(2));
    EXPECT_FALSE(routed(4));
    const std::vector<MapRoute> unknown{{.outer = "nowhere", .key = key_of(1), .inner = "inner_one"}};
    EXPECT_EQ(manager->route_maps(unknown).error().code, ErrorCode::not_found);
    const std::vector<MapRoute> short_key{{.outer = "outer", .key = key_of(5), .inner = "inner_one"},
                                          {.outer = "outer", .key = Bytes(2), .inner = "inner_one"}};
    const auto refused = manager->route_maps(short_key);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("4 bytes, 2 were given"), std::string::npos)
        << refused.error().message;
    EXPECT_TRUE(routed(5));
}

TEST_F(Choices, Case058_RoutesAreThereBeforeTheFirstProbeFires) {
    ManagerSpec spec = spec_of("hooks");
    spec.probes = {probe("on_caller")};  // only to have the object; the routes are looked at
    spec.probes.front().enabled = false;
    spec.tail_calls = {{.map = "jumps", .key = 1, .program = "on_two"}};
    spec.map_edits = {{.map = "sockets", .create = false}};
    auto manager = init_manager(spec);
    GADGET_SKIP_IF_UNSUPPORTED(manager);
    ASSERT_OK(manager);
    EXPECT_EQ(manager->state(), State::initialized) << "nothing is attached yet";
    EXPECT_TRUE(manager->lookup("jumps", key_of(1))->has_value());

    ManagerSpec maps = spec_of("maps");
    maps.map_routes = {{.outer = "outer", .key = key_of(1), .inner = "inner_one"}};
    auto routed = init_manager(maps);
    ASSERT_OK(routed);
    EXPECT_TRUE(routed->lookup("outer", key_of(1))->has_value());
}

}  // namespace
}  // namespace gadget::runtime
