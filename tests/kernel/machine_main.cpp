// SPDX-License-Identifier: Apache-2.0
// The same tests as an executable that needs nothing: as the first process of a machine it mounts, loads the
// modules, runs itself, and switches off. Each test is told in a line of its own, "@case SUITE.TEST
// ok|skipped|failed REASON", and the end in "@end COUNT".
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "guest/machine_setup.h"

namespace {

using namespace gadget;

constexpr std::size_t kMaxReason = 400;

/// Says how every test ended, so that a machine can be told from the outside.
class Lines final : public testing::EmptyTestEventListener {
    void OnTestPartResult(const testing::TestPartResult& part) override {
        if (part.passed() || !reason_.empty()) return;
        reason_ = part.message();
        if (reason_.size() > kMaxReason) reason_.resize(kMaxReason);
        std::ranges::replace(reason_, '\n', ' ');
    }
    void OnTestEnd(const testing::TestInfo& test) override {
        const testing::TestResult& result = *test.result();
        const char* const outcome = result.Failed() ? "failed" : result.Skipped() ? "skipped" : "ok";
        std::printf("\n@case %s.%s %s %s\n", test.test_suite_name(), test.name(), outcome, reason_.c_str());
        std::fflush(stdout);
        reason_.clear();
        ++count_;
    }
    void OnTestProgramEnd(const testing::UnitTest&) override {
        std::printf("\n@end %d\n", count_);
        std::fflush(stdout);
    }
    std::string reason_;
    int count_ = 0;
};

std::vector<std::string> read_lines(const char* path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

/// PID 1 of a machine. /machine/modules and /machine/arguments say the rest.
[[noreturn]] void run_machine() {
    using namespace testkit::guest;
    const auto mounted = mount_file_systems();
    const int console = open("/dev/console", O_RDWR);
    for (const int fd : {0, 1, 2}) (void)dup2(console, fd);
    if (!mounted) std::printf("@trouble %s\n", mounted.error().to_string().c_str());
    for (const std::string& module : read_lines("/machine/modules")) {
        if (const auto loaded = load_modules({module}); !loaded)
            std::printf("@trouble %s\n", loaded.error().to_string().c_str());
    }
    bring_loopback_up();
    const pid_t child = fork();
    if (child == 0) {
        std::vector<std::string> words{"/init"};
        for (std::string& line : read_lines("/machine/arguments")) words.push_back(std::move(line));
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        (void)execv("/init", argv.data());
        _exit(127);
    }
    int status = 0;
    while (true) {
        const pid_t ended = wait(&status);  // orphans of the tests come here, too
        if (ended == child || ended < 0) break;
    }
    std::printf("\n@exit %d\n", status);
    std::fflush(stdout);
    power_off();
}

}  // namespace

int main(int argc, char** argv) {
    if (getpid() == 1) run_machine();
    testing::InitGoogleTest(&argc, argv);
    testing::UnitTest::GetInstance()->listeners().Append(new Lines);  // gtest takes it
    return RUN_ALL_TESTS();
}
