// SPDX-License-Identifier: Apache-2.0
// Sockets, XDP, tc, cgroups: in a network namespace of the test's own.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "net_fixture.h"

namespace gadget::runtime {
namespace {

TEST_F(Net, Case120_SocketFilterSeesAndBlocks) {
    std::array<int, 2> pair{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()), 0);
    const UniqueFd one(pair[0]);
    const UniqueFd two(pair[1]);
    START_OR_SKIP(manager, net_spec({probe("on_socket", Socket{two.get()})}));
    char byte = 0;
    EXPECT_EQ(write(one.get(), "x", 1), 1);
    EXPECT_EQ(read(two.get(), &byte, 1), 1);
    EXPECT_EQ(count_of(*manager, kSocket), 1U);
    ASSERT_OK(manager->stop());
    EXPECT_EQ(write(one.get(), "x", 1), 1);
    EXPECT_EQ(read(two.get(), &byte, 1), 1);

    START_OR_SKIP(blocker, net_spec({probe("on_block", Socket{two.get()})}));
    (void)!write(one.get(), "x", 1);
    EXPECT_EQ(read(two.get(), &byte, 1), -1);
    EXPECT_EQ(count_of(*blocker, kBlock), 1U);
    ASSERT_OK(blocker->pause());
    EXPECT_EQ(write(one.get(), "x", 1), 1);
    EXPECT_EQ(read(two.get(), &byte, 1), 1);
}

TEST_F(Net, SocketFilterOnThePacketsOfAnInterface) {
    START_OR_SKIP(manager, net_spec({probe("on_block", NetInterface{.name = "lo"})}));
    EXPECT_TRUE(send_packet()) << "a packet socket gets copies";
    const std::uint64_t seen = count_of(*manager, kBlock);
    EXPECT_GE(seen, 1U);
    ASSERT_OK(manager->pause());
    EXPECT_TRUE(send_packet());
    EXPECT_EQ(count_of(*manager, kBlock), seen);
}

TEST_F(Net, Case115_116_130_XdpCountsPackets) {
    START_OR_SKIP(manager, net_spec({probe("on_xdp", NetInterface{.name = "lo", .xdp_mode = XdpMode::skb})}));
    EXPECT_TRUE(send_packet());
    const std::uint64_t seen = count_of(*manager, kXdp);
    EXPECT_GE(seen, 1U);
    // Case 116: a second program on the same interface is refused by name.
    auto second =
        Manager::create(net_spec({probe("on_xdp", NetInterface{.name = "lo", .xdp_mode = XdpMode::skb})}));
    ASSERT_OK(second);
    ASSERT_OK(second->init());
    const auto busy = second->start();
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().code, ErrorCode::already_exists) << busy.error().to_string();
    ASSERT_OK(manager->pause());
    EXPECT_TRUE(send_packet());
    EXPECT_EQ(count_of(*manager, kXdp), seen);
}

TEST_F(Net, Case107_130_TcOnBothSides) {
    START_OR_SKIP(
        manager,
        net_spec({probe("on_egress", NetInterface{.name = "lo", .direction = Direction::egress}),
                  probe("on_ingress", NetInterface{.name = "lo", .direction = Direction::ingress})}));
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*manager, kEgress), 1U);
    EXPECT_GE(count_of(*manager, kIngress), 1U);
    ASSERT_OK(manager->pause());
    const std::uint64_t seen = count_of(*manager, kEgress);
    EXPECT_TRUE(send_packet());
    EXPECT_EQ(count_of(*manager, kEgress), seen);
    ASSERT_OK(manager->resume());
    EXPECT_TRUE(send_packet());
    EXPECT_GT(count_of(*manager, kEgress), seen);
}

TEST_F(Net, Case112_OneProgramTwiceOnOneHook) {
    const NetInterface lo{.name = "lo", .direction = Direction::egress};
    START_OR_SKIP(manager, net_spec({probe("on_egress", lo, "a"), probe("on_egress", lo, "b")}));
    EXPECT_TRUE(send_packet());
    const std::uint64_t both = count_of(*manager, kEgress);
    EXPECT_GE(both, 2U);
    ASSERT_OK(manager->remove_hook({"on_egress", "a"}));
    EXPECT_TRUE(send_packet());
    EXPECT_GT(count_of(*manager, kEgress), both) << "the other filter is still there";
    const std::uint64_t one = count_of(*manager, kEgress);
    ASSERT_OK(manager->remove_hook({"on_egress", "b"}));
    EXPECT_TRUE(send_packet());
    EXPECT_EQ(count_of(*manager, kEgress), one);
}

TEST_F(Net, Case110_FiltersOfOthersSurvive) {
    const NetInterface lo{.name = "lo", .direction = Direction::egress};
    START_OR_SKIP(other, net_spec({probe("on_egress", lo)}));
    {
        START_OR_SKIP(manager, net_spec({probe("on_egress", lo)}));
        ASSERT_OK(manager->stop());
    }
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*other, kEgress), 1U);
}

TEST_F(Net, Case109_IncompleteTargetsAreNamed) {
    const auto fail = [](ProbeSpec spec) {
        auto manager = Manager::create(net_spec({std::move(spec)}));
        auto loaded = manager->init();
        if (!loaded) return loaded.error();
        return manager->start().error();
    };
    const auto undirected = init_manager(net_spec({probe("on_egress", NetInterface{.name = "lo"})}));
    ASSERT_FALSE(undirected) << "known before anything is loaded";
    EXPECT_NE(undirected.error().message.find("direction"), std::string::npos);
    EXPECT_NE(
        fail(probe("on_egress", NetInterface{.direction = Direction::egress})).message.find("interface"),
        std::string::npos);
    EXPECT_NE(fail(probe("on_xdp", NetInterface{})).message.find("interface"), std::string::npos);
    const Error unknown = fail(probe("on_xdp", NetInterface{.name = "nothere0"}));
    EXPECT_EQ(unknown.code, ErrorCode::not_found);
    EXPECT_NE(unknown.message.find("nothere0"), std::string::npos);
    EXPECT_NE(fail(probe("on_cgroup")).message.find("cgroup"), std::string::npos);
    EXPECT_NE(fail(probe("on_socket")).message.find("socket"), std::string::npos);
}

TEST_F(Net, Case117_OtherNetworkNamespace) {
    const UniqueFd inside(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(inside);
    ASSERT_EQ(setns(outside.get(), CLONE_NEWNET), 0);
    START_OR_SKIP(
        manager,
        net_spec({probe("on_egress",
                        NetInterface{.name = "lo", .direction = Direction::egress, .netns_fd = inside.get()}),
                  probe("on_xdp",
                        NetInterface{.name = "lo", .xdp_mode = XdpMode::skb, .netns_fd = inside.get()})}));
    ASSERT_EQ(setns(inside.get(), CLONE_NEWNET), 0);
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*manager, kEgress), 1U);
    EXPECT_GE(count_of(*manager, kXdp), 1U);
    EXPECT_FALSE(manager->leave_network_namespace(-1));
    EXPECT_EQ(manager->leave_network_namespace(outside.get()).value_or(9), 0U)
        << "nobody was told to be there";
    EXPECT_EQ(manager->status().size(), 2U);
    EXPECT_EQ(manager->leave_network_namespace(inside.get()).value_or(9), 2U);
    EXPECT_TRUE(manager->status().empty());
    const std::uint64_t seen = count_of(*manager, kEgress);
    EXPECT_TRUE(send_packet());
    EXPECT_EQ(count_of(*manager, kEgress), seen);
}

TEST_F(Net, Case117_TheNamespaceIsKeptFromInitOn) {
    UniqueFd inside(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(inside);
    ASSERT_EQ(setns(outside.get(), CLONE_NEWNET), 0);
    const UniqueFd back(fcntl(inside.get(), F_DUPFD_CLOEXEC, 0));
    auto manager = init_manager(net_spec(
        {probe("on_xdp", NetInterface{.name = "lo", .xdp_mode = XdpMode::skb, .netns_fd = inside.get()})}));
    inside.reset();
    const auto started = manager ? manager->start() : Result<void>(manager.error());
    const auto again = started && manager->pause() ? manager->resume() : Result<void>();
    ASSERT_EQ(setns(back.get(), CLONE_NEWNET), 0);
    GADGET_SKIP_IF_UNSUPPORTED(started);
    ASSERT_OK(started);
    ASSERT_OK(again);
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*manager, kXdp), 1U);
}

TEST_F(Net, Case118_119_130_CgroupCountsPacketsOfItsProcesses) {
    const OwnCgroup cgroup;
    if (cgroup.folder.empty()) GTEST_SKIP() << "missing: a writable cgroup2 hierarchy";
    START_OR_SKIP(manager, net_spec({probe("on_cgroup", Cgroup{cgroup.folder})}));
    START_OR_SKIP(other, net_spec({probe("on_cgroup", Cgroup{cgroup.folder})}));  // Case 119: both get along
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*manager, kCgroup), 1U);
    EXPECT_GE(count_of(*other, kCgroup), 1U);
    ASSERT_OK(manager->pause());
    const std::uint64_t seen = count_of(*manager, kCgroup);
    EXPECT_TRUE(send_packet());
    EXPECT_EQ(count_of(*manager, kCgroup), seen);
}

TEST_F(Net, CgroupTargetMustBeACgroup) {
    auto manager = init_manager(net_spec({probe("on_cgroup", Cgroup{"/tmp"})}));
    ASSERT_OK(manager);
    const auto started = manager->start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("cgroup2"), std::string::npos) << started.error().to_string();
}

TEST_F(Net, SocketLookupAttachesToTheNamespace) {
    START_OR_SKIP(manager, net_spec({probe("on_lookup", NetNamespace{"/proc/thread-self/ns/net"})}));
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*manager, kLookup), 1U);
}

TEST_F(Net, Case019_StartNeedsNoTracing) {
    // Nothing but the network: no probe of the start reads the tracing file system.
    START_OR_SKIP(manager, net_spec({probe("on_xdp", NetInterface{.name = "lo", .xdp_mode = XdpMode::skb})}));
    EXPECT_EQ(manager->state(), State::running);
}

}  // namespace
}  // namespace gadget::runtime
