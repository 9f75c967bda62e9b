// SPDX-License-Identifier: Apache-2.0
// One link for many functions, and tcx: on kernels that have them.
#include <fcntl.h>
#include <sched.h>

#include "kernel_fixture.h"

namespace gadget::runtime {
namespace {

using Multi = KernelTest;

ManagerSpec multi_spec(std::vector<ProbeSpec> probes) {
    ManagerSpec spec = spec_of("multi");
    spec.probes = std::move(probes);
    return spec;
}

TEST_F(Multi, Case100_HundredFunctionsByOneLink) {
    using Clock = std::chrono::steady_clock;
    START_OR_SKIP(many, multi_spec({probe("on_many", UserFunctions{.binary = "/proc/self/exe",
                                                                   .symbols = {"gadget_many_*"}})}));
    EXPECT_EQ(call_hundred(), 100);
    EXPECT_EQ(count_of(*many, 0), 100U);
    const auto before_many = Clock::now();
    ASSERT_OK(many->pause());
    const auto close_many = Clock::now() - before_many;
    EXPECT_EQ(call_hundred(), 100);
    EXPECT_EQ(count_of(*many, 0), 100U);

    std::vector<ProbeSpec> singles;
    for (int i = 10; i < 26; ++i) {
        singles.push_back(
            probe("on_one", own_function("gadget_many_" + std::to_string(i)), std::to_string(i)));
    }
    START_OR_SKIP(single, multi_spec(std::move(singles)));
    EXPECT_EQ(call_hundred(), 100);
    EXPECT_EQ(count_of(*single, 1), 16U);
    const auto before_single = Clock::now();
    ASSERT_OK(single->pause());
    EXPECT_LT(close_many, Clock::now() - before_single) << "100 by one link go faster than 16 one by one";
}

TEST_F(Multi, Case097_PatternsNamesAndOffsets) {
    START_OR_SKIP(
        manager,
        multi_spec({probe("on_many", UserFunctions{.binary = "/proc/self/exe",
                                                   .symbols = {"gadget_many_1?", "gadget_many_77"}})}));
    EXPECT_EQ(call_hundred(), 100);
    EXPECT_EQ(count_of(*manager, 0), 11U);
    auto missing = init_manager(multi_spec({probe(
        "on_many", UserFunctions{.binary = "/proc/self/exe", .symbols = {"gadget_many_1?", "no_such_*"}})}));
    ASSERT_OK(missing);
    const auto started = missing->start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::not_found);
    EXPECT_NE(started.error().message.find("no_such_*"), std::string::npos);
}

TEST_F(Multi, Case089_KernelFunctionsByPattern) {
    START_OR_SKIP(manager, multi_spec({probe("on_kernel")}));
    fire(3);
    EXPECT_GE(count_of(*manager, 2), 3U);
    START_OR_SKIP(exact, multi_spec({probe("on_kernel", KernelFunctions{{"security_task_getpgid"}})}));
    fire(2);
    EXPECT_GE(count_of(*exact, 2), 2U);
}

TEST_F(Multi, Case123_TcxOnTheLoopback) {
    // In a namespace of the thread's own, which ends with the test's process.
    const UniqueFd outside(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "missing: network namespaces";
    auto manager = Manager::create(multi_spec({probe("on_tcx", NetInterface{.name = "lo"})}));
    ASSERT_OK(manager);
    const auto loaded = manager->init();
    const auto started = loaded ? manager->start() : Result<void>();
    ASSERT_EQ(setns(outside.get(), CLONE_NEWNET), 0);
    ASSERT_OK(loaded);
    GADGET_SKIP_IF_UNSUPPORTED(started);
    ASSERT_OK(started);
    EXPECT_EQ(manager->status().front().state, ProbeState::running);
}

}  // namespace
}  // namespace gadget::runtime
