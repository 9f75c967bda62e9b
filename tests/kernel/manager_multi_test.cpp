// SPDX-License-Identifier: Apache-2.0
// One link for many functions, on kernels that have it.
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
    const std::size_t none = open_fds();
    START_OR_SKIP(many, multi_spec({probe("on_many", UserFunctions{.binary = "/proc/self/exe",
                                                                   .symbols = {"gadget_many_*"}})}));
    EXPECT_EQ(call_hundred(), 100);
    EXPECT_EQ(count_of(*many, 0), 100U);
    const std::size_t running = open_fds();
    ASSERT_OK(many->pause());
    EXPECT_EQ(running - open_fds(), 1U) << "one link";
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
    const std::size_t running_single = open_fds();
    ASSERT_OK(single->pause());
    EXPECT_GE(running_single - open_fds(), 16U) << "each waits for the kernel's readers when it goes";
    ASSERT_OK(single->stop());
    ASSERT_OK(many->stop());
    EXPECT_LE(open_fds(), none + 4) << "what a Manager has from create() on";
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

}  // namespace
}  // namespace gadget::runtime
