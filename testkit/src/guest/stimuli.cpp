// SPDX-License-Identifier: Apache-2.0
#include "stimuli.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "gadget/support/text.h"

namespace gadget::testkit::guest {
namespace {

struct NamedFlag {
    std::string_view name;
    int value;
};

constexpr std::array kOpenFlags{
    NamedFlag{"read", O_RDONLY},       NamedFlag{"write", O_WRONLY},         NamedFlag{"read-write", O_RDWR},
    NamedFlag{"create", O_CREAT},      NamedFlag{"exclusive", O_EXCL},       NamedFlag{"truncate", O_TRUNC},
    NamedFlag{"append", O_APPEND},     NamedFlag{"nonblock", O_NONBLOCK},    NamedFlag{"directory", O_DIRECTORY},
    NamedFlag{"nofollow", O_NOFOLLOW}, NamedFlag{"close-on-exec", O_CLOEXEC}, NamedFlag{"path", O_PATH},
};

std::optional<unsigned> parse_number(std::string_view text, int base) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string errno_name(int error) {
    const char* name = strerrorname_np(error);
    return name == nullptr ? "errno " + std::to_string(error) : name;
}

/// Compares what a call did (0 or an errno) with the step's `error` option.
std::string check_errno(const StimulusContext& context, std::string_view call, int got) {
    const auto wanted_name = context.option("error");
    int wanted = 0;
    if (!wanted_name.empty()) {
        const auto number = errno_number(wanted_name);
        if (!number) return "unknown error name '" + wanted_name + "'";
        wanted = *number;
    }
    if (got == wanted) return {};
    const auto outcome = [](int error) { return error == 0 ? "succeeds" : "fails with " + errno_name(error); };
    return std::string(call) + " " + outcome(got) + ", but the step says that it " + outcome(wanted);
}

std::string wait_for(pid_t child, const StimulusContext& context, std::string_view what) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return std::string("waiting for ") + std::string(what) + ": " + errno_name(errno);
    }
    const auto wanted = parse_number(context.option("status", "0"), 10);
    if (WIFEXITED(status) && wanted && WEXITSTATUS(status) == static_cast<int>(*wanted)) return {};
    return std::string(what) + (WIFEXITED(status) ? " ended with exit status " + std::to_string(WEXITSTATUS(status))
                                                  : " was killed by signal " + std::to_string(WTERMSIG(status)));
}

std::string open_file(const StimulusContext& context) {
    const auto path = context.option("path");
    int flags = 0;
    const std::string words = context.option("flags", "read");
    for (const auto word : split(words, ',')) {
        bool known = false;
        for (const auto& flag : kOpenFlags) {
            if (flag.name != trim(word)) continue;
            flags |= flag.value;
            known = true;
        }
        if (!known) return "unknown open flag '" + std::string(word) + "'";
    }
    const auto mode = parse_number(context.option("mode", "644"), 8);
    if (!mode) return "mode '" + context.option("mode") + "' is not octal";
    const auto call = context.option("call", "openat");
    long fd = -1;
    if (call == "openat") {
        fd = ::syscall(SYS_openat, AT_FDCWD, path.c_str(), flags, *mode);
    } else if (call == "openat2") {
        open_how how{};
        how.flags = static_cast<unsigned>(flags);
        how.mode = (flags & O_CREAT) != 0 ? *mode : 0;
        fd = ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how);
    } else if (call == "open") {
#ifdef SYS_open
        fd = ::syscall(SYS_open, path.c_str(), flags, *mode);
#else
        fd = ::syscall(SYS_openat, AT_FDCWD, path.c_str(), flags, *mode);    // this architecture has no open()
#endif
    } else {
        return "unknown call '" + call + "'";
    }
    const int error = fd < 0 ? errno : 0;
    if (fd >= 0) ::close(static_cast<int>(fd));
    return check_errno(context, call + "(\"" + path + "\")", error);
}

std::string exec_program(const StimulusContext& context) {
    const auto path = context.option("path");
    const auto wants_error = !context.option("error").empty();
    if (!wants_error) {
        (void)::unlink(path.c_str());
        if (::symlink(context.program->c_str(), path.c_str()) != 0) {
            return "cannot create " + path + ": " + errno_name(errno);
        }
    }
    std::vector<std::string> args{path, "testkit-target"};
    const std::string arguments = context.option("args");
    for (const auto word : split(arguments, ' ')) {
        if (!word.empty()) args.emplace_back(word);
    }
    std::vector<char*> argv;
    for (auto& text : args) argv.push_back(text.data());
    argv.push_back(nullptr);
    std::array<int, 2> report{};
    if (::pipe2(report.data(), O_CLOEXEC) != 0) return "pipe: " + errno_name(errno);
    const auto child = ::fork();
    if (child < 0) return "fork: " + errno_name(errno);
    if (child == 0) {
        std::array<char*, 1> environment{nullptr};
        ::execve(path.c_str(), argv.data(), environment.data());
        const int error = errno;
        (void)!::write(report[1], &error, sizeof error);
        ::_exit(0);
    }
    ::close(report[1]);
    int error = 0;
    if (::read(report[0], &error, sizeof error) != sizeof error) error = 0;
    ::close(report[0]);
    const auto ended = wait_for(child, context, path);
    const auto executed = check_errno(context, "execve(\"" + path + "\")", error);
    return executed.empty() ? ended : executed;
}

std::string fork_child(const StimulusContext& context) {
    const auto status = parse_number(context.option("status", "0"), 10).value_or(0);
    const auto child = ::fork();
    if (child < 0) return "fork: " + errno_name(errno);
    if (child == 0) ::_exit(static_cast<int>(status));
    return wait_for(child, context, "the child");
}

std::string send_signal(const StimulusContext& context) {
    const auto name = context.option("signal");
    const auto number = signal_number(name);
    if (!number) return "unknown signal '" + name + "'";
    if (const auto to = context.option("to"); !to.empty()) {
        const auto pid = parse_number(to, 10);
        if (!pid) return "'" + to + "' is not a process id";
        const int error = ::kill(static_cast<pid_t>(*pid), *number) == 0 ? 0 : errno;
        return check_errno(context, "kill(" + to + ", " + name + ")", error);
    }
    const auto child = ::fork();
    if (child < 0) return "fork: " + errno_name(errno);
    if (child == 0) {
        while (true) ::pause();
    }
    const int error = ::kill(child, *number) == 0 ? 0 : errno;
    (void)::kill(child, SIGKILL);
    (void)::waitpid(child, nullptr, 0);
    return check_errno(context, "kill(child, " + name + ")", error);
}

struct Stimulus {
    std::string_view kind;
    std::string (*run)(const StimulusContext&);
};

constexpr std::array kStimuli{
    Stimulus{"open", open_file},
    Stimulus{"exec", exec_program},
    Stimulus{"fork", fork_child},
    Stimulus{"signal", send_signal},
};

}  // namespace

std::string StimulusContext::option(const std::string& name, std::string_view fallback) const {
    const auto found = step->options.find(name);
    return found == step->options.end() ? std::string(fallback) : found->second;
}

std::string run_stimulus(const StimulusContext& context) {
    const auto repeat = parse_number(context.option("repeat", "1"), 10);
    if (!repeat) return "repeat '" + context.option("repeat") + "' is not a number";
    for (const auto& stimulus : kStimuli) {
        if (stimulus.kind != context.step->kind) continue;
        for (unsigned i = 0; i < *repeat; ++i) {
            if (auto failure = stimulus.run(context); !failure.empty()) return failure;
        }
        return {};
    }
    return "this runner has no stimulus '" + context.step->kind + "'";
}

std::optional<int> errno_number(std::string_view name) {
    constexpr int kLast = 133;
    for (int number = 1; number <= kLast; ++number) {
        const char* known = strerrorname_np(number);
        if (known != nullptr && name == known) return number;
    }
    return std::nullopt;
}

std::optional<int> signal_number(std::string_view name) {
    if (name.starts_with("SIG")) name.remove_prefix(3);
    for (int number = 1; number < NSIG; ++number) {
        const char* known = sigabbrev_np(number);
        if (known != nullptr && name == known) return number;
    }
    return std::nullopt;
}

}  // namespace gadget::testkit::guest
