// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gadget::tests {
namespace {

/// These need BPF on this kernel.
class RunCommand : public CommandTest {
  protected:
    void SetUp() override {
        if (!may_use_bpf()) GTEST_SKIP() << "missing: permission for BPF on this kernel";
        ASSERT_EQ(gadget({"build", folder("tiny", {{"program.bpf.c", kTinyProgram}}).string(), "-t", "tiny",
                          "-o", out().string()})
                      .status,
                  0);
    }
    std::filesystem::path out() const { return home() / "out"; }
};

std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_F(RunCommand, PrintsColumnsFromTheStore) {
    const auto result = gadget({"run", "tiny", "--count", "3", "--timeout", "30"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(lines(result.out), 4U) << result.out;
    EXPECT_TRUE(result.out.starts_with("PID")) << result.out;
}

TEST_F(RunCommand, PrintsJsonFromFolderObjectAndTar) {
    for (const auto& input : {home() / "tiny", out() / "amd64.bpf.o", out() / "image.oci.tar"}) {
        if (input.extension() == ".o" && std::string_view(GADGETKIT_MACHINE) != "x86_64") continue;
        const auto result = gadget({"run", input.string(), "-o", "json", "--count", "2", "--timeout", "30"});
        EXPECT_EQ(result.status, 0) << input << result.err;
        EXPECT_EQ(lines(result.out), 2U) << input << result.out;
        EXPECT_TRUE(result.out.starts_with(R"({"pid":)")) << result.out;
    }
}

TEST_F(RunCommand, RunnerWithoutCompilerRunsImages) {
    const auto result = gadget_run({"run", "tiny", "-o", "json", "--count", "1", "--timeout", "30"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(lines(result.out), 1U);
}

/// Two threads that hand a byte to and fro: each turn is a switch of this process, however busy the machine
/// is.
class Switches {
  public:
    Switches() {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0);
        for (std::size_t i = 0; i < 2; ++i) threads_[i] = std::thread([end = ends_[i]] { echo(end); });
        EXPECT_EQ(::write(ends_[0], "x", 1), 1);
    }
    ~Switches() {
        for (const int end : ends_) (void)::shutdown(end, SHUT_RDWR);
        for (auto& thread : threads_) thread.join();
        for (const int end : ends_) (void)::close(end);
    }
    Switches(const Switches&) = delete;
    Switches& operator=(const Switches&) = delete;

  private:
    static void echo(int end) {
        char byte = 0;
        while (::recv(end, &byte, 1, 0) == 1 && ::send(end, &byte, 1, MSG_NOSIGNAL) == 1) {
        }
    }
    std::array<int, 2> ends_{};
    std::array<std::thread, 2> threads_;
};

TEST_F(RunCommand, FilterKeepsOnlyMatchingEvents) {
    const Switches switches;
    const auto own = std::to_string(::getpid());
    const auto result =
        gadget({"run", "tiny", "-o", "json", "--filter", "pid==" + own, "--count", "3", "--timeout", "30"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(lines(result.out), 3U);
    const std::string start = R"({"pid":)" + own + ",";
    for (std::size_t at = 0; at < result.out.size(); at = result.out.find('\n', at) + 1) {
        EXPECT_EQ(result.out.compare(at, start.size(), start), 0) << result.out;
    }
}

TEST_F(RunCommand, TimeoutEndsTheRunCleanly) {
    const auto result = gadget({"run", "tiny", "-o", "none", "--timeout", "1"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(result.out.empty());
}

TEST_F(RunCommand, InterruptEndsTheRunCleanly) {
    std::array<int, 2> ready{};
    ASSERT_EQ(::pipe(ready.data()), 0);
    UniqueFd reader(ready[0]);
    UniqueFd writer(ready[1]);
    auto child =
        Subprocess::spawn({.argv = {GADGET_EXECUTABLE, "run", "tiny", "-o", "none", "--ready-fd", "3"},
                           .fds = {{writer.get(), 3}},
                           .environment = environment});
    ASSERT_TRUE(child) << child.error().to_string();
    writer.reset();
    char byte = 0;
    ASSERT_EQ(::read(reader.get(), &byte, 1), 1) << "ended before it was ready";
    child->kill(SIGINT);
    const auto status = child->wait(std::chrono::seconds(30));
    ASSERT_TRUE(status) << status.error().to_string();
    EXPECT_EQ(status->to_string(), "exit status 0");
}

TEST_F(RunCommand, ClosedPipeEndsTheRunCleanly) {
    const auto result = run(
        {"sh", "-c", std::string(GADGET_EXECUTABLE) + " run tiny -o json --timeout 30 | head -n 1; exit 0"});
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(lines(result.out), 1U) << result.out;
    EXPECT_TRUE(result.err.empty() || result.err.find("lost") != std::string::npos) << result.err;
}

/// Whether the process waits for two descriptors: standard output, and the end that was asked for.
bool waits_for_its_reader(pid_t pid) {
    std::string call;
    std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/syscall"), call);
    std::istringstream words(call);
    std::string number;
    std::string descriptors;
    std::string count;
    words >> number >> descriptors >> count;
#ifdef SYS_poll
    if (number == std::to_string(SYS_poll) && count == "0x2") return true;
#endif
    return number == std::to_string(SYS_ppoll) && count == "0x2";
}

TEST_F(RunCommand, AReaderThatStoppedDoesNotKeepTheRunFromItsEnd) {
    std::array<int, 2> ready{};
    std::array<int, 2> output{};
    ASSERT_EQ(::pipe(ready.data()), 0);
    ASSERT_EQ(::pipe(output.data()), 0);
    const UniqueFd reader(ready[0]);
    UniqueFd writer(ready[1]);
    const UniqueFd unread(output[0]);
    UniqueFd rows(output[1]);
    ASSERT_GT(::fcntl(rows.get(), F_SETPIPE_SZ, 4096), 0);
    const std::string full(4096, '\n');
    ASSERT_EQ(::write(rows.get(), full.data(), full.size()), 4096);
    const Switches switches;
    auto child =
        Subprocess::spawn({.argv = {GADGET_EXECUTABLE, "run", "tiny", "-o", "json", "--ready-fd", "3"},
                           .fds = {{rows.get(), 1}, {writer.get(), 3}},
                           .environment = environment});
    ASSERT_TRUE(child) << child.error().to_string();
    writer.reset();
    char byte = 0;
    ASSERT_EQ(::read(reader.get(), &byte, 1), 1) << "ended before it was ready";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!waits_for_its_reader(child->pid()) && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    ASSERT_TRUE(waits_for_its_reader(child->pid())) << "it never had a row for the full pipe";
    child->kill(SIGTERM);
    const auto status = child->wait(std::chrono::seconds(30));
    ASSERT_TRUE(status) << status.error().to_string();
    EXPECT_EQ(status->to_string(), "exit status 0");
}

TEST_F(RunCommand, WrongFieldsFiltersAndParametersAreNamed) {
    const auto fields = gadget({"run", "tiny", "--fields", "pidd"});
    EXPECT_EQ(fields.status, 1) << fields.err;
    EXPECT_NE(fields.err.find("pidd"), std::string::npos) << fields.err;
    EXPECT_EQ(gadget({"run", "tiny", "--filter", "nope==1"}).status, 1);
    const auto param = gadget({"run", "tiny", "--pid", "1"});
    EXPECT_EQ(param.status, 2);
    EXPECT_NE(param.err.find("this gadget has no parameters"), std::string::npos) << param.err;
}

TEST_F(RunCommand, HelpOfAGadgetListsItsParameters) {
    const auto help = gadget({"run", trace_open(), "--help"});
    EXPECT_EQ(help.status, 0) << help.err;
    EXPECT_NE(help.out.find("--failed"), std::string::npos) << help.out;
    EXPECT_NE(help.out.find("--comm string"), std::string::npos) << help.out;
}

TEST_F(CommandTest, WithoutPermissionForBpfTheRunNamesIt) {
    if (::geteuid() != 0) GTEST_SKIP() << "missing: root, to give the permission up";
    const char* path = std::getenv("PATH");
    if (!find_program("setpriv", path == nullptr ? "" : path)) GTEST_SKIP() << "missing: setpriv";
    ASSERT_EQ(gadget({"build", folder("tiny", {{"program.bpf.c", kTinyProgram}}).string(), "-o",
                      (home() / "out").string()})
                  .status,
              0);
    std::filesystem::permissions(home(), std::filesystem::perms::all);
    const auto result = run({"setpriv", "--reuid=65534", "--clear-groups", "--regid=65534",
                             "--bounding-set=-all", "--inh-caps=-all", GADGET_EXECUTABLE, "run",
                             (home() / "out/image.oci.tar").string(), "--timeout", "1"});
    EXPECT_EQ(result.status, 3) << result.err;
    EXPECT_NE(result.err.find("CAP_BPF"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace gadget::tests
