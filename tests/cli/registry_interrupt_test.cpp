// SPDX-License-Identifier: Apache-2.0
// Ctrl-C where a command waits.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include "registry_command.h"

namespace gadget::tests {
namespace {

/// Reads until `text` came.
void wait_for(int fd, const std::string& text) {
    std::string seen;
    char buffer[256];
    while (seen.find(text) == std::string::npos) {
        const ssize_t count = ::read(fd, buffer, sizeof buffer);
        ASSERT_GT(count, 0) << seen;
        seen.append(buffer, static_cast<std::size_t>(count));
    }
}

TEST_F(RegistryCommand, CtrlCEndsTheQuestionForAPassword) {
    const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(master && ::grantpt(master.get()) == 0 && ::unlockpt(master.get()) == 0);
    const UniqueFd slave(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(slave);
    int fds[2];
    ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    const UniqueFd errors(fds[0]);
    UniqueFd writing(fds[1]);
    SpawnOptions spawn;
    spawn.argv = {GADGET_EXECUTABLE, "login", "ghcr.io", "-u", "me"};
    spawn.fds = {{slave.get(), 0}, {writing.get(), 2}};
    spawn.environment = environment;
    auto process = Subprocess::spawn(spawn);
    ASSERT_TRUE(process) << process.error().to_string();
    writing.reset();
    wait_for(errors.get(), "Password for me at ghcr.io: ");
    process->kill(SIGINT);
    const auto status = process->wait(std::chrono::seconds(60));
    ASSERT_TRUE(status) << status.error().to_string();
    EXPECT_EQ(status->to_string(), "exit status 130");
    termios after{};
    ASSERT_EQ(::tcgetattr(slave.get(), &after), 0);
    EXPECT_NE(after.c_lflag & ECHO, 0U) << "what is typed is seen again";
}

}  // namespace
}  // namespace gadget::tests
