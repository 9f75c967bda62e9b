// SPDX-License-Identifier: Apache-2.0
// What create() refuses without touching the kernel.
#include <gtest/gtest.h>

#include "gadget/runtime.h"

namespace gadget::runtime {
namespace {

void expect_refused(ManagerSpec spec, const std::string& why) {
    const auto manager = Manager::create(std::move(spec));
    ASSERT_FALSE(manager) << why;
    EXPECT_EQ(manager.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(manager.error().message.find(why), std::string::npos) << manager.error().message;
}

RingBufferSpec ring(const char* map) {
    return {.map = map, .on_record = [](auto) {}};
}

TEST(ManagerSpec, Case010_TwoReadersOfOneMap) {
    ManagerSpec spec;
    spec.ring_buffers = {ring("events"), ring("events")};
    expect_refused(spec, "'events' has two readers");
    spec.ring_buffers = {ring("events")};
    spec.perf_buffers.push_back({.map = "events", .on_record = [](int, auto) {}});
    expect_refused(spec, "'events' has two readers");
}

TEST(ManagerSpec, Case011_TwoProbesOfOneName) {
    ManagerSpec spec;
    ProbeSpec probe;
    probe.id = {"on_open", {}};
    spec.probes = {probe, probe};
    expect_refused(spec, "two probes are called 'on_open'");
    spec.probes[1].id.uid = "other";
    EXPECT_TRUE(Manager::create(spec));
    spec.probes[0].id.program.clear();
    expect_refused(spec, "names no program");
}

TEST(ManagerSpec, OneProgramHasOneSection) {
    ManagerSpec spec;
    ProbeSpec probe;
    probe.id = {"on_open", "a"};
    spec.probes = {probe, probe};
    spec.probes[1].id.uid = "b";
    spec.probes[1].section = "kprobe/other";
    expect_refused(spec, "'on_open' cannot have two sections");
    spec.probes[1].section.clear();
    spec.probes[1].target = KernelTarget{"do_exit"};
    expect_refused(spec, "'on_open' cannot have two sections");
}

TEST(ManagerSpec, Case070_ReaderWithoutHandler) {
    ManagerSpec spec;
    spec.ring_buffers.push_back({.map = "events"});
    expect_refused(spec, "'events' has no handler");
    spec.ring_buffers.clear();
    spec.perf_buffers.push_back({.map = "events"});
    expect_refused(spec, "'events' has no handler");
}

TEST(ManagerSpec, ThingsSetTwice) {
    ManagerSpec spec;
    spec.constants = {{.name = "pid", .value = {}}, {.name = "pid", .value = {}}};
    expect_refused(spec, "'pid' is set twice");
    spec.constants.clear();
    spec.map_edits = {{.map = "table"}, {.map = "table"}};
    expect_refused(spec, "'table' is edited twice");
}

}  // namespace
}  // namespace gadget::runtime
