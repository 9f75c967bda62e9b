// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/subprocess.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace gadget {
namespace {

TEST(Subprocess, GivesOutputErrorOutputAndExitStatus) {
    const auto output = run_command({.argv = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
    ASSERT_TRUE(output) << output.error().to_string();
    EXPECT_EQ(output->out, "out\n");
    EXPECT_EQ(output->err, "err\n");
    EXPECT_EQ(output->status.code, 3);
}

TEST(Subprocess, NamesTheProgramThatIsMissing) {
    const auto output = run_command({.argv = {"no-such-program-here"}});
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, ErrorCode::not_found);
    EXPECT_NE(output.error().message.find("no-such-program-here"), std::string::npos);
}

TEST(Subprocess, EndsAProgramThatTakesTooLong) {
    const auto output = run_command({.argv = {"sleep", "100"}}, std::chrono::milliseconds(20));
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, ErrorCode::timed_out);
}

TEST(Subprocess, EndsAProgramThatPrintsTooMuch) {
    const auto output = run_command({.argv = {"yes"}}, std::chrono::seconds(60), 1000);
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, ErrorCode::io);
}

TEST(Subprocess, DestructorKillsTheChild) {
    pid_t pid = 0;
    {
        const auto child = Subprocess::spawn({.argv = {"sleep", "100"}});
        ASSERT_TRUE(child);
        pid = child->pid();
        EXPECT_EQ(::kill(pid, 0), 0);
    }
    EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Subprocess, TellsWhichSignalEndedTheChild) {
    auto child = Subprocess::spawn({.argv = {"sleep", "100"}});
    ASSERT_TRUE(child);
    child->kill(SIGTERM);
    EXPECT_EQ(child->wait()->to_string(), "killed by SIGTERM");
}

TEST(Subprocess, FixedAddressesAreTheSameInEveryRun) {
    const SpawnOptions fixed{.argv = {"cat", "/proc/self/maps"}, .fixed_addresses = true};
    const auto first = run_command(fixed, std::chrono::seconds(20));
    const auto second = run_command(fixed, std::chrono::seconds(20));
    const auto random = run_command({.argv = fixed.argv}, std::chrono::seconds(20));
    ASSERT_TRUE(first && second && random);
    const auto heap = [](const std::string& maps) { return maps.substr(0, maps.find('-')); };
    EXPECT_EQ(heap(first->out), heap(second->out));
    EXPECT_NE(heap(first->out), heap(random->out));
}

TEST(Subprocess, SwappedDescriptorsArriveWhereTheyBelong) {
    const auto first = memory_file("first", as_bytes("1")).value().release();
    const auto second = memory_file("second", as_bytes("2")).value().release();
    const UniqueFd own_first(first);
    const UniqueFd own_second(second);
    const auto output = run_command(
        {.argv = {"sh", "-c", "cat <&" + std::to_string(second)}, .fds = {{first, second}, {second, first}}});
    ASSERT_TRUE(output);
    EXPECT_EQ(output->out, "1");
}

}  // namespace
}  // namespace gadget
