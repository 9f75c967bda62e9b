// SPDX-License-Identifier: Apache-2.0
#include "agent.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "gadget/support/files.h"
#include "isolation.h"
#include "kernel_log.h"
#include "test_run.h"

namespace gadget::testkit::guest {
namespace {

void tell_broken(const JobTest& test, const std::string& why, Channel& channel) {
    channel.send({"end", test.id, "broken", "-1", "0", why});
}

/// The process that leads a test: everything in it descends from here, and ends with it.
[[noreturn]] void lead(const Job& job, const JobTest& test, const TestGroup& group, const std::string& folder,
                       pid_t parent, Channel& channel) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (::getppid() != parent) ::_exit(1);
    if (const auto isolated = isolate(group, folder); !isolated) {
        channel.send({"begin", test.id});
        tell_broken(test, isolated.error().to_string(), channel);
        ::_exit(0);
    }
    run_test(job, test, folder, channel);
    end_descendants();
    ::_exit(channel.broken() ? 1 : 0);
}

void run_isolated(const Job& job, const JobTest& test, const std::string& folder, Channel& channel) {
    const auto group = TestGroup::create("gadgetkit-" + std::to_string(::getpid()) + "-" + test.id);
    const auto self = ::getpid();
    const auto leader = ::fork();
    if (leader < 0) return tell_broken(test, "cannot fork: " + errno_text(errno), channel);
    if (leader == 0) lead(job, test, group, folder, self, channel);
    int status = 0;
    while (::waitpid(leader, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFSIGNALED(status))
        tell_broken(test, "the process that led it was killed by signal " + std::to_string(WTERMSIG(status)),
                    channel);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) channel.give_up();
}

}  // namespace

void run_job(const Job& job, const std::string& scratch, Channel& channel) {
    utsname name{};
    (void)::uname(&name);
    channel.send({"hello", name.release, name.machine, kProtocolVersion});
    KernelLog log;
    for (std::size_t i = 0; i < job.tests.size() && !channel.broken(); ++i) {
        const auto& test = job.tests[i];
        const auto folder = scratch + "/" + std::to_string(i);
        if (const auto made = gadget::create_directories(folder); !made) {
            tell_broken(test, made.error().to_string(), channel);
        } else if (test.isolated) {
            run_isolated(job, test, folder, channel);
        } else {
            run_test(job, test, folder, channel);
        }
        for (auto& line : log.new_problems()) channel.send({"kernel", test.id, std::move(line)});
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }
    channel.send({"done"});
}

}  // namespace gadget::testkit::guest
