// SPDX-License-Identifier: Apache-2.0
// A stand-in for gadget-run in tests of the test kit: the agent is the real one, "run" follows the contract
// of gadget/testkit/guest.h without loading anything. What it prints and how it ends is told by its
// parameters:
// --emit=JSON (repeatable) prints a row, --behave=NAME misbehaves as NAME says.
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/testkit/guest.h"

namespace {

volatile sig_atomic_t g_stop = 0;
void on_interrupt(int) {
    g_stop = 1;
}

struct Options {
    std::vector<std::string> rows;
    std::string behave;
    int ready_fd = -1;
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 2; i < argc; ++i) {
        const std::string_view word(argv[i]);
        if (word.starts_with("--emit=")) options.rows.emplace_back(word.substr(7));
        if (word.starts_with("--behave=")) options.behave = word.substr(9);
        if (word == "--ready-fd" && i + 1 < argc) options.ready_fd = std::atoi(argv[i + 1]);
    }
    return options;
}

void write_file(const char* path, const char* text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) (void)!::write(fd, text, std::strlen(text));
    if (fd >= 0) ::close(fd);
}

/// To the console and to the port that PID 1 has open: bytes that are nothing, a frame of a stranger, and one
/// with our nonce and a wrong checksum.
void write_garbage() {
    std::string garbage;
    for (int i = 0; i < 5000; ++i) garbage += static_cast<char>((i * 131 + i / 7) & 0xff);
    std::string nonce;
    if (std::FILE* job = std::fopen("/gadgetkit/job", "re"); job != nullptr) {
        char line[256];
        while (std::fgets(line, sizeof line, job) != nullptr) {
            if (std::strncmp(line, "nonce\t", 6) == 0) nonce.assign(line + 6, std::strcspn(line + 6, "\n"));
        }
        std::fclose(job);
    }
    garbage += "\n#gk 0123456789abcdef 0 00000000 done\n#gk " + nonce + " 3 00000000 end\t0\tended\t0\t0\t\n";
    write_file("/dev/console", garbage.c_str());
    const int init = static_cast<int>(::syscall(SYS_pidfd_open, 1, 0));
    for (int number = 0; number < 64; ++number) {
        char target[64] = {};
        const auto link = "/proc/1/fd/" + std::to_string(number);
        if (::readlink(link.c_str(), target, sizeof target - 1) <= 0 ||
            std::strstr(target, "vport") == nullptr)
            continue;
        const int port = static_cast<int>(::syscall(SYS_pidfd_getfd, init, number, 0));
        if (port >= 0) (void)!::write(port, garbage.data(), garbage.size());
    }
}

std::string link_of(const char* path) {
    char target[128] = {};
    return ::readlink(path, target, sizeof target - 1) > 0 ? target : "";
}

/// Whether a process of this name runs.
bool runs(const char* name) {
    for (int pid = 2; pid < 100'000; ++pid) {
        std::FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/comm").c_str(), "re");
        if (file == nullptr) continue;
        char comm[32] = {};
        const bool found = std::fgets(comm, sizeof comm, file) != nullptr &&
                           std::strncmp(comm, name, std::strlen(name)) == 0;
        std::fclose(file);
        if (found) return true;
    }
    return false;
}

constexpr const char* kLeftName = "left-behind";

/// What the surroundings are like.
void print_surroundings() {
    char host[65] = {};
    (void)::gethostname(host, sizeof host - 1);
    struct stat unused{};
    const int written = ::open("/gadgetkit-was-here", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const bool read_only = written < 0 && errno == EROFS;
    std::printf(R"({"ok":"yes","mnt":"%s","net":"%s","uts":"%s","ipc":"%s","cgroup":"%s","host":"%s",)"
                R"("root_read_only":%s,"left_pin":%s,"left_interface":%s,"left_process":%s})"
                "\n",
                link_of("/proc/self/ns/mnt").c_str(), link_of("/proc/self/ns/net").c_str(),
                link_of("/proc/self/ns/uts").c_str(), link_of("/proc/self/ns/ipc").c_str(),
                link_of("/proc/self/ns/cgroup").c_str(), host, read_only ? "true" : "false",
                ::stat("/sys/fs/bpf/left", &unused) == 0 ? "true" : "false",
                ::if_nametoindex("left0") != 0 ? "true" : "false", runs(kLeftName) ? "true" : "false");
    std::fflush(stdout);
}

/// A name, a pin, and a process that outlives us.
void leave_things() {
    (void)::sethostname(kLeftName, std::strlen(kLeftName));
    (void)::mkdir("/sys/fs/bpf/left", 0700);
    if (::fork() == 0) {
        (void)::setsid();
        (void)::prctl(PR_SET_NAME, kLeftName);
        if (::fork() == 0) {
            (void)::signal(SIGINT, SIG_IGN);
            while (true) ::pause();
        }
        ::_exit(0);
    }
    (void)::wait(nullptr);
}

int refuse(const char* message, int status) {
    std::fprintf(stderr, "gadget: %s\n", message);
    return status;
}

void print_rows(const Options& options) {
    for (const auto& row : options.rows) std::printf("%s\n", row.c_str());
    std::fflush(stdout);
}

int run_gadget(const Options& options) {
    if (options.behave == "refuse-load")
        return refuse("error: program 'on_open' was refused by the verifier [load-refused]", 1);
    if (options.behave == "refuse-attach")
        return refuse("error: cannot attach program 'on_open' to x: no such function", 4);
    if (options.behave == "splat")
        write_file("/dev/kmsg", "<4>WARNING: CPU: 0 PID: 1 at kernel/bpf/x.c:12 made_up+0x0/0x10\n");
    if (options.behave == "garbage-ports") write_garbage();
    if (options.behave == "missing-feature")
        return refuse("error: this kernel has no kprobes (missing: kprobe)", 3);
    if (options.behave == "look") print_surroundings();
    if (options.behave == "leave") leave_things();
    if (options.behave == "kill-leader") (void)::kill(::getppid(), SIGKILL);
    if (options.behave == "crash") ::abort();
    if (options.behave == "panic") write_file("/proc/sysrq-trigger", "c");
    if (options.behave == "never-ready") {
        while (true) ::pause();
    }
    if (options.behave == "hang") (void)::signal(SIGINT, SIG_IGN);
    if (options.behave == "garbage") {
        for (int i = 0; i < 1000; ++i) std::fwrite("\x00\xff#gk 0 {\"a\":\n", 1, 13, stdout);
    }
    if (options.behave == "power-off") write_file("/proc/sysrq-trigger", "o");
    if (options.behave == "eat-memory") {
        while (true) std::memset(std::malloc(1 << 20), 1, 1 << 20);
    }
    if (options.behave != "late") print_rows(options);
    if (options.ready_fd >= 0) (void)!::write(options.ready_fd, "\n", 1);
    sigset_t none;
    sigemptyset(&none);
    while (g_stop == 0 || options.behave == "hang") ::sigsuspend(&none);
    if (options.behave == "late") print_rows(options);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (gadget::testkit::is_guest_invocation(argc, argv)) return gadget::testkit::guest_main(argc, argv);
    if (argc < 3 || std::string_view(argv[1]) != "run") return 2;
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    (void)::sigprocmask(SIG_BLOCK, &interrupt, nullptr);  // delivered only inside sigsuspend: none is missed
    struct sigaction action{};
    action.sa_handler = on_interrupt;
    (void)::sigaction(SIGINT, &action, nullptr);
    return run_gadget(parse(argc, argv));
}
