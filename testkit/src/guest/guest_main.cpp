// SPDX-License-Identifier: Apache-2.0
#include "gadget/testkit/guest.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>

#include "../job.h"
#include "agent.h"
#include "attach.h"
#include "channel.h"
#include "gadget/support/files.h"
#include "machine_setup.h"
#include "verify.h"

namespace gadget::testkit {
namespace {

constexpr std::string_view kAgent = "testkit-agent";
constexpr std::string_view kTarget = "testkit-target";
constexpr std::string_view kVerify = "testkit-verify";
constexpr std::string_view kAttach = "testkit-attach";
constexpr int kConsole = 1;

/// How long the device of a port may take to appear after its driver is there.
constexpr auto kPortTimeout = std::chrono::seconds(2);

UniqueFd wait_for_port() {
    const auto deadline = std::chrono::steady_clock::now() + kPortTimeout;
    while (true) {
        auto port = guest::open_virtio_port(kPortName);
        if (port || std::chrono::steady_clock::now() >= deadline) return port;
        ::usleep(1000);
    }
}

/// PID 1 has nobody to return an error to: what goes wrong before the port is open is framed on the console.
Result<void> run_as_init() {
    GADGET_TRY(guest::mount_file_systems());
    GADGET_TRY_ASSIGN(const std::string text, read_text_file(kJobPath));
    GADGET_TRY_ASSIGN(const Job job, parse_job(text));
    const auto loaded = guest::load_modules(job.modules);
    if (!job.tests.empty() && job.tests[0].kind == JobKind::terminal) {
        guest::bring_loopback_up();
        return guest::run_on_console(job.tests[0].argv);
    }
    const auto port = wait_for_port();
    guest::Channel channel(port ? port.get() : kConsole, job.nonce);
    if (!loaded && !port) {
        channel.send({"fatal", loaded.error().to_string()});
        return {};
    }
    guest::bring_loopback_up();
    // Before Linux 5.11 maps count as locked memory, and the default limit is less than one buffer.
    const rlimit unlimited{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    (void)::setrlimit(RLIMIT_MEMLOCK, &unlimited);
    guest::run_job(job, "/tmp", channel);
    return {};
}

void say_on_console(const Error& error) {
    const auto line = "gadgetkit: init: " + error.to_string() + "\n";
    (void)write_all(kConsole, as_bytes(line), "the console");
}

/// testkit-agent JOB FD SCRATCH
int run_as_agent(int argc, char** argv) {
    if (argc != 5) return 2;
    const std::string_view number(argv[3]);
    int fd = -1;
    (void)std::from_chars(number.data(), number.data() + number.size(), fd);
    if (fd < 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return 2;
    const auto text = read_text_file(argv[2]);
    if (!text) return 4;
    auto job = parse_job(*text);
    if (!job) return 4;
    guest::Channel channel(fd, job->nonce);
    guest::run_job(*job, argv[4], channel);
    return channel.broken() ? 4 : 0;
}

}  // namespace

bool is_guest_invocation(int argc, char* const* argv) {
    if (::getpid() == 1) return true;
    return argc >= 2 && (argv[1] == kAgent || argv[1] == kTarget || argv[1] == kVerify || argv[1] == kAttach);
}

int guest_main(int argc, char** argv) {
    if (argc >= 2 && argv[1] == kTarget) return 0;  // an exec stimulus: it has been executed, that is all
    if (argc >= 2 && argv[1] == kVerify) return guest::verify_main(argc, argv);
    if (argc >= 2 && argv[1] == kAttach) return guest::attach_main(argc, argv);
    (void)::signal(SIGPIPE, SIG_IGN);
    if (::getpid() != 1) return run_as_agent(argc, argv);
    if (const auto result = run_as_init(); !result) say_on_console(result.error());
    guest::power_off();
}

}  // namespace gadget::testkit
