// SPDX-License-Identifier: Apache-2.0
// tcx (Linux 6.6), netfilter (6.4) and netkit links (6.7), in a network namespace of the test's own.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>

#include "net_fixture.h"

namespace gadget::runtime {
namespace {

constexpr NetfilterHook kLocalIn{.family = 2, .hook = 1, .priority = -10};

ManagerSpec netfilter_spec(std::vector<ProbeSpec> probes) {
    ManagerSpec spec = spec_of("netfilter");
    spec.probes = std::move(probes);
    return spec;
}

ManagerSpec tcx_spec(const char* program, bool first = false) {
    ManagerSpec spec = spec_of("multi");
    spec.probes = {probe(program, NetInterface{.name = "lo", .first = first})};
    return spec;
}

TEST_F(Net, Case123_TcxRunsInOrderAndGoesWithItsProcess) {
    START_OR_SKIP(last, tcx_spec("on_tcx_end"));
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*last, 4), 1U);
    START_OR_SKIP(behind, tcx_spec("on_tcx"));
    START_OR_SKIP(before, tcx_spec("on_tcx", true));
    EXPECT_TRUE(send_packet());
    EXPECT_EQ(count_of(*behind, 3), 0U) << "a program before it had the last word";
    EXPECT_GE(count_of(*before, 3), 1U);
    ASSERT_OK(last->stop());
    // Another process that takes everything for itself, and ends without a word.
    EXPECT_TRUE(in_child([] {
        const auto taker = start_manager(tcx_spec("on_tcx_end", true));
        return taker && send_packet() && count_of(*taker, 4) > 0;
    }));
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*behind, 3), 1U);
}

TEST_F(Net, NetfilterCountsPacketsUntilItIsPaused) {
    START_OR_SKIP(manager, netfilter_spec({probe("on_netfilter", kLocalIn)}));
    EXPECT_EQ(manager->status().front().method, "link");
    EXPECT_EQ(manager->status().front().target, "netfilter family 2 hook 1 priority -10");
    EXPECT_TRUE(send_packet());
    const std::uint64_t seen = count_of(*manager, 0);
    EXPECT_GE(seen, 1U);
    ASSERT_OK(manager->pause());
    EXPECT_TRUE(send_packet());
    EXPECT_EQ(count_of(*manager, 0), seen);
    ASSERT_OK(manager->resume());
    EXPECT_TRUE(send_packet());
    EXPECT_GT(count_of(*manager, 0), seen);
}

TEST_F(Net, NetfilterTellsAWrongHook) {
    START_OR_SKIP(manager, netfilter_spec({probe("on_netfilter", kLocalIn)}));
    for (const NetfilterHook& wrong : {kLocalIn, NetfilterHook{.family = 2, .hook = 77, .priority = 3}}) {
        auto second = init_manager(netfilter_spec({probe("on_netfilter", wrong)}));
        ASSERT_OK(second);
        const auto refused = second->start();
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find("hook " + std::to_string(wrong.hook)), std::string::npos)
            << refused.error().to_string();
        EXPECT_FALSE(refused.error().requirement) << "it is not the kernel that lacks something";
    }
    auto without = init_manager(netfilter_spec({probe("on_netfilter")}));
    ASSERT_OK(without);
    EXPECT_FALSE(without->start());
}

TEST_F(Net, NetfilterInAnotherNamespace) {
    const UniqueFd here(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(setns(outside.get(), CLONE_NEWNET), 0);
    NetfilterHook target = kLocalIn;
    target.netns_fd = here.get();
    auto manager = init_manager(netfilter_spec({probe("on_netfilter", target)}));
    const auto started = manager ? manager->start() : Result<void>(manager.error());
    ASSERT_EQ(setns(here.get(), CLONE_NEWNET), 0);
    GADGET_SKIP_IF_UNSUPPORTED(started);
    ASSERT_OK(started);
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*manager, 0), 1U);
}

/// Asks the kernel for a pair of netkit devices; the error is positive.
int make_netkit(const char* name) {
    struct Request {
        nlmsghdr head;
        ifinfomsg link;
        std::array<char, 64> attributes;
    } request{};
    char* end = request.attributes.data();
    const auto put = [&](std::uint16_t type, const void* data, std::size_t size) {
        const rtattr attribute{static_cast<std::uint16_t>(RTA_LENGTH(size)), type};
        std::memcpy(end, &attribute, sizeof(attribute));
        std::memcpy(end + RTA_LENGTH(0), data, size);
        end += RTA_SPACE(size);
    };
    put(IFLA_IFNAME, name, std::strlen(name) + 1);
    std::array<char, RTA_SPACE(7)> kind{};
    const rtattr inner{static_cast<std::uint16_t>(RTA_LENGTH(7)), IFLA_INFO_KIND};
    std::memcpy(kind.data(), &inner, sizeof(inner));
    std::memcpy(kind.data() + RTA_LENGTH(0), "netkit", 7);
    put(IFLA_LINKINFO, kind.data(), kind.size());
    request.head.nlmsg_type = RTM_NEWLINK;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
    request.head.nlmsg_len = static_cast<std::uint32_t>(end - reinterpret_cast<char*>(&request));
    const UniqueFd route(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (send(route.get(), &request, request.head.nlmsg_len, 0) < 0) return errno;
    struct Answer {
        nlmsghdr head;
        nlmsgerr error;
        std::array<char, 512> rest;
    } answer{};
    if (recv(route.get(), &answer, sizeof(answer), 0) < 0) return errno;
    return -answer.error.error;
}

TEST_F(Net, NetkitOnItsPrimaryDevice) {
    if (const int error = make_netkit("gk0"); error == EOPNOTSUPP || error == ENODEV) {
        GTEST_SKIP() << "missing: netkit devices (CONFIG_NETKIT)";
    } else {
        ASSERT_EQ(error, 0) << std::strerror(error);
    }
    START_OR_SKIP(manager, netfilter_spec({probe("on_netkit", NetInterface{.name = "gk0"})}));
    EXPECT_EQ(manager->status().front().state, ProbeState::running);
    EXPECT_EQ(manager->status().front().method, "link");
    ASSERT_OK(manager->pause());
    ASSERT_OK(manager->resume());
}

/// tcx and netkit programs look alike to the kernel; the device tells.
TEST_F(Net, NetkitNeedsANetkitDevice) {
    auto manager = init_manager(netfilter_spec({probe("on_netkit", NetInterface{.name = "lo"})}));
    GADGET_SKIP_IF_UNSUPPORTED(manager);
    ASSERT_OK(manager);
    const auto refused = manager->start();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("lo"), std::string::npos) << refused.error().to_string();
}

}  // namespace
}  // namespace gadget::runtime
