// SPDX-License-Identifier: Apache-2.0
// tc filters and XDP programs among those of others, and interfaces that go.
#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "net_fixture.h"
#include "netlink.h"
#include "owner.h"

namespace gadget::runtime {
namespace {

constexpr unsigned kLoopback = 1;

struct Tc : Net {
    static std::vector<TcFilter> filters(unsigned interface = kLoopback,
                                         Direction direction = Direction::egress) {
        auto route = RouteSocket::open();
        if (!route) return {};
        return route->list_filters(interface, direction).value_or(std::vector<TcFilter>{});
    }
    static ManagerSpec egress(std::string uid = {}, NetInterface target = {}) {
        target.name = "lo";
        target.direction = Direction::egress;
        return net_spec({probe("on_egress", target, std::move(uid))});
    }
    static bool has_clsact() {
        auto route = RouteSocket::open();
        const auto made = route->ensure_clsact(kLoopback);
        if (made && *made) (void)route->remove_clsact(kLoopback);
        return made && !*made;
    }
    /// A virtual interface that is there as long as the descriptor.
    static UniqueFd make_interface(const char* name) {
        UniqueFd tun(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
        ifreq request{};
        std::strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
        request.ifr_flags = IFF_TAP | IFF_NO_PI;
        if (!tun || ioctl(tun.get(), TUNSETIFF, &request) != 0) return {};
        return tun;
    }
};

TEST_F(Tc, Case107_TheFilterIsExactlyAsAskedFor) {
    START_OR_SKIP(manager, egress("asked", {.handle = 2, .priority = 1000, .protocol = ETH_P_ARP}));
    ASSERT_EQ(filters().size(), 1U);
    const TcFilter filter = filters().front();
    EXPECT_EQ(filter.protocol, ETH_P_ARP);
    EXPECT_EQ(filter.priority, 1000U);
    EXPECT_EQ(filter.handle, 2U);
    EXPECT_EQ(filter.program_id, manager->programs().front().id);
}

TEST_F(Tc, Case108_Defaults) {
    START_OR_SKIP(manager, egress());
    ASSERT_EQ(filters().size(), 1U);
    const TcFilter filter = filters().front();
    EXPECT_EQ(filter.priority, 50U);
    EXPECT_EQ(filter.protocol, ETH_P_ALL);
    EXPECT_NE(filter.handle, 0U);
    EXPECT_EQ(manager->status().front().method, "tc filter 50:" + std::to_string(filter.handle));
}

TEST_F(Tc, Case110_ClsactGoesOnlyWhenAskedAndEmpty) {
    {
        START_OR_SKIP(plain, egress());
        ASSERT_OK(plain->stop());
        EXPECT_TRUE(has_clsact()) << "not asked";
    }
    START_OR_SKIP(other, egress());
    auto manager = start_manager(egress("clean", {.remove_clsact = true}));
    ASSERT_OK(manager);
    ASSERT_OK(manager->stop());
    EXPECT_TRUE(has_clsact()) << "not empty";
    EXPECT_EQ(filters().size(), 1U);
    ASSERT_OK(other->stop());
    ASSERT_OK(manager->init());
    ASSERT_OK(manager->start());
    ASSERT_OK(manager->stop());
    EXPECT_FALSE(has_clsact());
}

TEST_F(Tc, Case111_OnlyFiltersOfDeadRunsOfTheSameProbeGo) {
    std::array<int, 2> pipe_fds{};
    ASSERT_EQ(pipe(pipe_fds.data()), 0);
    const UniqueFd reader(pipe_fds[0]);
    const UniqueFd writer(pipe_fds[1]);
    const pid_t child = fork();
    if (child == 0) {
        auto mine = start_manager(egress("mine"));
        auto others = start_manager(egress("theirs"));
        const char ready = mine && others ? 'y' : 'n';
        (void)!write(writer.get(), &ready, 1);
        while (true) pause();
    }
    char ready = 'n';
    ASSERT_EQ(read(reader.get(), &ready, 1), 1);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    if (ready != 'y') GTEST_SKIP() << "missing: clsact";
    START_OR_SKIP(alive, egress("mine", {.priority = 60}));  // a second one of the same name, which lives
    auto route = RouteSocket::open();
    ASSERT_OK(route);
    TcFilter foreign{
        .interface = kLoopback, .direction = Direction::egress, .priority = 70, .protocol = ETH_P_ALL};
    foreign.name = "classifier_mine_123";  // as other tools call theirs
    const UniqueFd program = *alive->program_fd("on_egress");
    ASSERT_OK(route->add_filter(foreign, program.get()));
    ASSERT_EQ(filters().size(), 3U) << "the dead one of 'mine' is gone already";

    START_OR_SKIP(next, egress("mine"));
    std::vector<std::string> probes;
    for (const TcFilter& filter : filters()) {
        const auto owner = parse_filter_name(filter.name);
        probes.push_back(owner ? owner->probe : filter.name);
    }
    std::ranges::sort(probes);
    EXPECT_EQ(probes, (std::vector<std::string>{"classifier_mine_123", "on_egress#mine", "on_egress#mine",
                                                "on_egress#theirs"}));
}

TEST_F(Tc, Case113_AFilterThatOthersRemovedIsNotMissed) {
    START_OR_SKIP(manager, egress());
    EXPECT_TRUE(manager->is_attached({"on_egress"}).value_or(false));
    auto route = RouteSocket::open();
    ASSERT_OK(route);
    TcFilter successor = filters().front();
    ASSERT_OK(route->remove_filter(successor));
    EXPECT_FALSE(manager->is_attached({"on_egress"}).value_or(true));
    EXPECT_FALSE(manager->is_attached({"nobody"}));
    auto other = init_manager(egress("other"));
    ASSERT_OK(other);
    const UniqueFd program = *other->program_fd("on_egress");
    successor.name = "successor";
    ASSERT_OK(route->add_filter(successor, program.get()));  // the same place, somebody else's program
    ASSERT_OK(manager->stop());
    ASSERT_EQ(filters().size(), 1U);
    EXPECT_EQ(filters().front().name, "successor");
}

TEST_F(Tc, Case114_StopWithoutTheInterface) {
    UniqueFd interface = make_interface("gadget0");
    if (!interface) GTEST_SKIP() << "missing: tun interfaces";
    START_OR_SKIP(
        manager,
        net_spec({probe("on_egress", NetInterface{.name = "gadget0", .direction = Direction::egress}),
                  probe("on_xdp", NetInterface{.name = "gadget0", .xdp_mode = XdpMode::skb})}));
    interface.reset();
    EXPECT_FALSE(manager->is_attached({"on_egress"}).value_or(true));
    EXPECT_FALSE(manager->is_attached({"on_xdp"}).value_or(true));
    EXPECT_OK(manager->stop());
}

TEST_F(Tc, Case116_XdpWithoutLinks) {
    const NetInterface lo{.name = "lo", .xdp_mode = XdpMode::skb, .xdp_by_netlink = true};
    START_OR_SKIP(manager, net_spec({probe("on_xdp", lo)}));
    EXPECT_EQ(manager->status().front().method, "netlink");
    EXPECT_TRUE(send_packet());
    const std::uint64_t seen = count_of(*manager, kXdp);
    EXPECT_GE(seen, 1U);
    const auto second = start_manager(net_spec({probe("on_xdp", lo)}));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::already_exists) << second.error().to_string();
    ASSERT_OK(manager->pause());
    EXPECT_TRUE(send_packet());
    EXPECT_EQ(count_of(*manager, kXdp), seen);
    ASSERT_OK(manager->resume());
    EXPECT_TRUE(send_packet());
    EXPECT_GT(count_of(*manager, kXdp), seen);
    ASSERT_OK(manager->stop());
    EXPECT_OK(start_manager(net_spec({probe("on_xdp", lo)})));  // the place is free again
}

TEST_F(Tc, Case059_ClassifiersByTailCalls) {
    ManagerSpec first_spec = spec_of("hooks");
    ManagerSpec second_spec = spec_of("hooks");
    for (ManagerSpec* const spec : {&first_spec, &second_spec}) {
        spec->load_all = false;
        spec->map_edits = {{.map = "sockets", .create = false}};
    }
    first_spec.probes = {probe("on_one", NetInterface{.name = "lo", .direction = Direction::egress}),
                         probe("on_two")};
    first_spec.probes.back().enabled = false;
    second_spec.probes = {probe("on_three")};
    second_spec.probes.front().enabled = false;
    START_OR_SKIP(first, first_spec);
    auto second = init_manager(second_spec);
    ASSERT_OK(second);
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*first, 5), 1U);
    EXPECT_EQ(count_of(*first, 6), 0U) << "before routing";
    EXPECT_EQ(count_of(*second, 7), 0U);
    const UniqueFd three = *second->program_fd("on_three");
    const std::vector<TailCallRoute> routes{{.map = "jumps", .key = 1, .program = "on_two"},
                                            {.map = "jumps", .key = 2, .program_fd = three.get()}};
    ASSERT_OK(first->route_tail_calls(routes));
    EXPECT_TRUE(send_packet());
    EXPECT_GE(count_of(*first, 6), 1U);
    EXPECT_GE(count_of(*second, 7), 1U);
}

}  // namespace
}  // namespace gadget::runtime
