// SPDX-License-Identifier: Apache-2.0
// Kinds of programs that libbpf 1.1 does not know, and cookies.
#include <sys/un.h>

#include "net_fixture.h"

namespace gadget::runtime {
namespace {

/// Indexes into the map `hits` of kinds.bpf.c.
enum Kind : std::uint32_t {
    kSession,
    kKernelSession,
    kTrampolineSession,
    kSleepable,
    kSleepableMany,
    kReuseport,
    kConnectUnix,
    kCookie = 10,
};

using Kinds = KernelTest;

ManagerSpec kinds_spec(ProbeSpec probe) {
    ManagerSpec spec = spec_of("kinds");
    spec.probes = {std::move(probe)};
    return spec;
}

UserFunctions own_functions() {
    return {.binary = "/proc/self/exe", .symbols = {"gadget_test_target"}};
}

TEST_F(Kinds, SessionsOfUserFunctionsRunTwiceACall) {
    START_OR_SKIP(manager, kinds_spec(probe("on_session", own_functions())));
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(gadget_test_target(2), 3);
    EXPECT_EQ(count_of(*manager, kSession), 4U);
    ASSERT_OK(manager->pause());
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, kSession), 4U);
}

TEST_F(Kinds, SessionsOfKernelFunctionsRunTwiceACall) {
    START_OR_SKIP(manager, kinds_spec(probe("on_kernel_session")));
    fire(3);
    EXPECT_EQ(count_of(*manager, kKernelSession), 6U);
}

TEST_F(Kinds, SessionsOnTrampolinesRunTwiceACall) {
    START_OR_SKIP(manager, kinds_spec(probe("on_trampoline_session")));
    fire(3);
    EXPECT_EQ(count_of(*manager, kTrampolineSession), 6U);
}

TEST_F(Kinds, ProgramsThatSleepAndTheirClones) {
    if (kernel_before(6, 0)) GTEST_SKIP() << "missing: user probes that sleep (Linux 6.0)";
    START_OR_SKIP(manager, kinds_spec(probe("on_sleepable", own_function())));
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, kSleepable), 1U);
    ASSERT_OK(manager->clone_program({.probe = probe("on_sleepable", own_function(), "clone")}));
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, kSleepable), 3U);
}

TEST_F(Kinds, ProgramsThatSleepInASectionThatLibbpfDoesNotKnow) {
    if (kernel_before(6, 0)) GTEST_SKIP() << "missing: user probes that sleep (Linux 6.0)";
    START_OR_SKIP(manager, kinds_spec(probe("on_sleepable_many", own_functions())));
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, kSleepableMany), 1U);
}

TEST_F(Kinds, CookiesTellAttachmentsApart) {
    if (kernel_before(5, 15)) GTEST_SKIP() << "missing: attach cookies (Linux 5.15)";
    ManagerSpec spec = kinds_spec(probe("on_cookie", own_function(), "a"));
    spec.probes.push_back(probe("on_cookie", own_function("gadget_many_42"), "b"));
    spec.probes[0].cookie = kCookie;
    spec.probes[1].cookie = kCookie + 1;
    START_OR_SKIP(manager, spec);
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(call_hundred(), 100);
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, kCookie), 2U);
    EXPECT_EQ(count_of(*manager, kCookie + 1), 1U);
}

TEST_F(Kinds, CookieOfManyFunctions) {
    if (kernel_before(5, 15)) GTEST_SKIP() << "missing: attach cookies (Linux 5.15)";
    ProbeSpec many = probe("on_cookie_many", own_functions());
    many.cookie = kCookie;
    START_OR_SKIP(manager, kinds_spec(many));
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, kCookie), 1U);
}

TEST_F(Kinds, CookieOfARawTracepoint) {
    if (kernel_before(6, 10)) GTEST_SKIP() << "missing: cookies of raw tracepoints (Linux 6.10)";
    ProbeSpec raw = probe("on_cookie_raw");
    raw.cookie = kCookie;
    START_OR_SKIP(manager, kinds_spec(raw));
    fire(2);
    EXPECT_EQ(count_of(*manager, kCookie), 2U);
}

TEST_F(Kinds, CookieOfATrampoline) {
    if (kernel_before(6, 0)) GTEST_SKIP() << "missing: cookies of trampolines (Linux 6.0)";
    ProbeSpec function = probe("on_cookie_function");
    function.cookie = kCookie;
    START_OR_SKIP(manager, kinds_spec(function));
    fire(2);
    EXPECT_EQ(count_of(*manager, kCookie), 2U);
}

struct KindsOfSockets : Net {};

TEST_F(KindsOfSockets, CookieWhereThereIsNoneIsAnError) {
    ProbeSpec counter = probe("on_xdp", NetInterface{.name = "lo", .xdp_mode = XdpMode::skb});
    counter.cookie = 1;
    auto manager = init_manager(net_spec({counter}));
    ASSERT_OK(manager);
    const auto started = manager->start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("cookie"), std::string::npos) << started.error().to_string();
}

TEST_F(KindsOfSockets, ReuseportProgramChoosesUntilItStops) {
    const UniqueFd receiver(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int yes = 1;
    ASSERT_EQ(setsockopt(receiver.get(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(bind(receiver.get(), raw, size), 0);
    ASSERT_EQ(getsockname(receiver.get(), raw, &size), 0);
    const UniqueFd sender(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto arrives = [&] {
        char byte = 0;
        EXPECT_EQ(sendto(sender.get(), "x", 1, 0, raw, size), 1);
        return recv(receiver.get(), &byte, 1, 0) == 1;  // over the loopback it is there, or never
    };
    EXPECT_TRUE(arrives());
    START_OR_SKIP(manager, kinds_spec(probe("on_reuseport", Socket{receiver.get()})));
    EXPECT_FALSE(arrives()) << "the program drops everything";
    EXPECT_EQ(count_of(*manager, kReuseport), 1U);
    EXPECT_EQ(manager->status().front().method, "socket option");
    ASSERT_OK(manager->pause());
    EXPECT_TRUE(arrives());
    ASSERT_OK(manager->resume());
    EXPECT_FALSE(arrives());
    ASSERT_OK(manager->stop());
    EXPECT_TRUE(arrives());
    EXPECT_FALSE(start_manager(kinds_spec(probe("on_reuseport")))) << "it needs a socket";
}

TEST_F(KindsOfSockets, ControlGroupSeesUnixSockets) {
    const OwnCgroup cgroup;
    if (cgroup.folder.empty()) GTEST_SKIP() << "missing: a writable cgroup2 hierarchy";
    START_OR_SKIP(manager, kinds_spec(probe("on_connect_unix", Cgroup{cgroup.folder})));
    const UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, "/nonexistent/socket");
    EXPECT_NE(connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(count_of(*manager, kConnectUnix), 1U);
}

}  // namespace
}  // namespace gadget::runtime
