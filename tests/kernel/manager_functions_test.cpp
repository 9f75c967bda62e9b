// SPDX-License-Identifier: Apache-2.0
// Hooks in functions of the kernel, and hooks that decide: they need kernels that are built for it.
#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "net_fixture.h"

namespace gadget::runtime {
namespace {

using Functions = KernelTest;

ManagerSpec hooks_spec(std::vector<ProbeSpec> probes) {
    ManagerSpec spec = spec_of("hooks");
    spec.probes = std::move(probes);
    return spec;
}

bool socket_maps_missing(const Result<Manager>& manager) {
    return !manager && manager.error().message.find("sockets") != std::string::npos;
}

TEST_F(Functions, Case021_022_AvailableFunctionsRunAndMissingOnesDoNot) {
    ManagerSpec spec = hooks_spec({probe("on_function", KernelFunction{"security_task_getpgid"}, "there"),
                                   probe("on_function_return", KernelFunction{"security_task_getpg?d"}),
                                   probe("on_function", KernelFunction{"no_such_function"}, "missing"),
                                   probe("on_function", KernelFunction{"nor_this_one"}, "gone")});
    const auto one = [](const char* uid) { return Selector::probe({"on_function", uid}); };
    spec.activation = {one("there"), Selector::all_of({Selector::probe({"on_function_return"})}),
                       Selector::one_of({one("missing"), one("there")}),
                       Selector::best_effort({one("gone")})};
    START_OR_SKIP(manager, spec);
    fire(2);
    EXPECT_EQ(count_of(*manager, 5), 2U);
    EXPECT_EQ(count_of(*manager, 6), 2U);
    const auto status = manager->status();
    for (const std::size_t missing : {2U, 3U}) {
        EXPECT_EQ(status[missing].state, ProbeState::failed);
        EXPECT_EQ(status[missing].reason->code, ErrorCode::not_found);
    }
    // Case 022: what cannot be done without is listed, all of it.
    spec.activation = {Selector::all_of({one("missing")}), Selector::one_of({one("gone"), one("missing")})};
    const auto refused = start_manager(spec);
    ASSERT_FALSE(refused);
    for (const char* const name : {"no_such_function", "nor_this_one"})
        EXPECT_NE(refused.error().to_string().find(name), std::string::npos) << refused.error().to_string();
}

TEST_F(Functions, Case089_SystemCallByItsName) {
    START_OR_SKIP(manager, hooks_spec({probe("on_ksyscall")}));
    fire(2);
    EXPECT_EQ(count_of(*manager, 4), 2U);
    START_OR_SKIP(other, hooks_spec({probe("on_function", KernelFunction{"sys_getpgid"})}));
    fire(1);
    EXPECT_EQ(count_of(*other, 5), 1U);
}

TEST_F(Functions, Case095_PatternsAndExactNames) {
    ManagerSpec spec = hooks_spec({probe("on_function", KernelFunction{"security_task_getpg*"})});
    START_OR_SKIP(manager, spec);
    fire(1);
    EXPECT_EQ(count_of(*manager, 5), 1U);
    spec.probes = {probe("on_function", KernelFunction{"no_function_is_called_like_that_*"})};
    const auto none = start_manager(spec);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::not_found);
    EXPECT_NE(none.error().message.find("no_function_is_called_like_that_*"), std::string::npos);
    // An exact name reads no list of functions.
    ASSERT_OK(manager->pause());
    SyscallCount reads(SYS_read);
    ASSERT_TRUE(reads.works());
    ASSERT_OK(manager->resume());
    const std::uint64_t for_pattern = reads.take();
    spec.probes = {probe("on_function", KernelFunction{"security_task_getpgid"})};
    auto exact = init_manager(spec);
    ASSERT_OK(exact);
    (void)reads.take();
    ASSERT_OK(exact->start());
    EXPECT_LT(20 * reads.take(), for_pattern);
}

TEST_F(Functions, Case096_UprobeBySectionName) {
    ManagerSpec spec = spec_of("fire");
    spec.probes = {probe("on_uprobe")};
    spec.probes.front().section = "uprobe//proc/self/exe:gadget_test_target";
    START_OR_SKIP(manager, spec);
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, kHitUprobe), 1U);
}

TEST_F(Functions, Case103_FentryAndFexit) {
    ManagerSpec spec = spec_of("kernel_functions");
    spec.probes = {probe("on_fentry"), probe("on_fexit")};
    START_OR_SKIP(manager, spec);
    fire(2);
    EXPECT_EQ(count_of(*manager, 2), 2U);
    EXPECT_EQ(count_of(*manager, 3), 2U);
}

TEST_F(Functions, CloneMovesToAnotherFunction) {
    ManagerSpec spec = spec_of("kernel_functions");
    spec.probes = {probe("on_fentry")};
    START_OR_SKIP(manager, spec);
    ASSERT_OK(manager->clone_program(
        {.probe = probe("on_fentry", KernelTarget{.name = "security_task_getscheduler"}, "scheduler")}));
    EXPECT_EQ(manager->status().back().target, "fentry security_task_getscheduler");
    (void)syscall(SYS_sched_getscheduler, 0);
    EXPECT_EQ(count_of(*manager, 2), 1U);
    fire(1);
    EXPECT_EQ(count_of(*manager, 2), 2U);
    const auto nowhere = manager->clone_program(
        {.probe = probe("on_fentry", KernelTarget{.name = "no_such_function"}, "nowhere")});
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, ErrorCode::not_found);
    EXPECT_EQ(
        manager->add_hook(probe("on_fentry", KernelTarget{.name = "security_task_getscheduler"}, "hook"))
            .error()
            .code,
        ErrorCode::invalid_argument);
}

TEST_F(Functions, Case104_LsmProgramDeniesUntilItStops) {
    auto maps = init_manager(spec_of("maps"));
    ASSERT_OK(maps);
    const UniqueFd table = *maps->map_fd("table");
    const std::uint32_t key = 1;
    std::uint64_t value = 2;
    ASSERT_EQ(bpf_map_update_elem(table.get(), &key, &value, BPF_ANY), 0);
    START_OR_SKIP(manager, hooks_spec({probe("on_bpf")}));
    const bool allowed = bpf_map_lookup_elem(table.get(), &key, &value) == 0;
    const int error = errno;
    ASSERT_OK(manager->pause());
    if (allowed) GTEST_SKIP() << "missing: 'bpf' among the security modules (CONFIG_LSM or lsm=)";
    EXPECT_EQ(error, EPERM);
    EXPECT_EQ(bpf_map_lookup_elem(table.get(), &key, &value), 0);
    EXPECT_GE(count_of(*manager, 0), 1U);
}

TEST_F(Functions, ModifiedReturnValue) {
    START_OR_SKIP(manager, hooks_spec({probe("on_modified")}));
    EXPECT_EQ(syscall(SYS_getpgid, getpid()), -1);
    EXPECT_EQ(errno, EPERM);
    ASSERT_OK(manager->pause());
    EXPECT_GE(syscall(SYS_getpgid, getpid()), 0);
    EXPECT_GE(count_of(*manager, 1), 1U);
}

TEST_F(Functions, ReplacedFunctionOfAnotherProgram) {
    auto target = init_manager(hooks_spec({probe("on_caller")}));
    ASSERT_OK(target);
    const UniqueFd program = *target->program_fd("on_caller");
    const Bytes packet(64);
    EXPECT_EQ(target->test_run("on_caller", {.data = packet})->return_value, 1U);
    START_OR_SKIP(manager, hooks_spec({probe("on_replacement", KernelTarget{.program_fd = program.get()})}));
    EXPECT_EQ(target->test_run("on_caller", {.data = packet})->return_value, 77U);
    ASSERT_OK(manager->stop());
    EXPECT_EQ(target->test_run("on_caller", {.data = packet})->return_value, 1U);
}

TEST_F(Functions, StructOpsComeAndGo) {
    const auto available = [] {
        std::ifstream file("/proc/sys/net/ipv4/tcp_available_congestion_control");
        return std::string(std::istreambuf_iterator<char>(file), {}).find("gadget_cc") != std::string::npos;
    };
    ManagerSpec spec = spec_of("operations");
    spec.probes = {probe("on_ssthresh", StructOps{"operations"})};
    spec.load_all = true;
    START_OR_SKIP(manager, spec);
    EXPECT_TRUE(available());
    ASSERT_OK(manager->pause());
    EXPECT_FALSE(available());
    const bool links = !kernel_before(6, 4);
    if (links) {
        ASSERT_OK(manager->resume());
        EXPECT_TRUE(available());
        EXPECT_EQ(manager->status().front().method, "link");
    } else {
        EXPECT_FALSE(manager->resume()) << "without links the kernel takes such a map once";
    }
    ASSERT_OK(manager->stop());
    EXPECT_FALSE(available());
    if (links) {
        EXPECT_TRUE(in_child([&] { return start_manager(spec) && available(); }));  // ends without stop()
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(4);
        while (available() && std::chrono::steady_clock::now() < deadline) (void)sched_yield();
        EXPECT_FALSE(available()) << "the operations of the dead stayed";
    }
    ASSERT_OK(manager->init());
    ASSERT_OK(manager->start());
    EXPECT_TRUE(available());
    ASSERT_OK(manager->stop());
    EXPECT_FALSE(available());
    spec.probes = {probe("on_ssthresh", StructOps{"nowhere"})};
    EXPECT_FALSE(start_manager(spec));
}

/// Two ends of a TCP connection over the loopback.
struct Connection {
    UniqueFd client;
    UniqueFd server;

    Connection() {
        const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof(address);
        if (bind(listener.get(), raw, size) != 0 || listen(listener.get(), 1) != 0) return;
        if (getsockname(listener.get(), raw, &size) != 0) return;
        client = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (connect(client.get(), raw, size) != 0) return;
        server = UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
};

struct SocketMaps : Net {};

TEST_F(SocketMaps, MessagesAndStreams) {
    ManagerSpec spec =
        hooks_spec({probe("on_message", SocketMap{"sockets"}), probe("on_stream", SocketMap{"sockets"})});
    auto manager = init_manager(spec);
    if (socket_maps_missing(manager)) GTEST_SKIP() << "missing: socket maps (CONFIG_BPF_STREAM_PARSER)";
    ASSERT_OK(manager);
    const auto running = manager->start();
    GADGET_SKIP_IF_UNSUPPORTED(running);
    ASSERT_OK(running);
    const Connection connection;
    ASSERT_TRUE(connection.server);
    const UniqueFd map = *manager->map_fd("sockets");
    const std::uint32_t first = 0;
    const std::uint32_t second = 1;
    const int client = connection.client.get();
    const int server = connection.server.get();
    ASSERT_EQ(bpf_map_update_elem(map.get(), &first, &client, BPF_ANY), 0) << std::strerror(errno);
    ASSERT_EQ(bpf_map_update_elem(map.get(), &second, &server, BPF_ANY), 0) << std::strerror(errno);
    char byte = 0;
    EXPECT_EQ(send(client, "x", 1, 0), 1);
    EXPECT_EQ(recv(server, &byte, 1, 0), 1);
    EXPECT_GE(count_of(*manager, 3), 1U);
    EXPECT_GE(count_of(*manager, 4), 1U);
    ASSERT_OK(manager->stop());
    EXPECT_FALSE(start_manager(hooks_spec({probe("on_message", SocketMap{"nowhere"})})));
}

}  // namespace
}  // namespace gadget::runtime
