// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/subprocess.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "gadget/support/text.h"

namespace gadget {
namespace {

using Clock = std::chrono::steady_clock;

/// Everything the child needs, made before fork(): after it, only async-signal-safe calls are allowed.
struct ChildPlan {
    std::string program;
    std::vector<char*> argv;
    std::vector<char*> environment;
    const SpawnOptions* options = nullptr;
    pid_t parent = 0;
    int error_pipe = -1;
};

/// Moves the descriptors to their places. All sources are lifted above every target first, so that no mapping
/// overwrites the source of another.
bool map_descriptors(const std::vector<FdMapping>& mappings, int& error_pipe) {
    int floor = 3;
    for (const auto& mapping : mappings) floor = std::max(floor, mapping.target + 1);
    error_pipe = ::fcntl(error_pipe, F_DUPFD_CLOEXEC, floor);
    if (error_pipe < 0) return false;
    std::array<int, 32> lifted{};
    if (mappings.size() > lifted.size()) {
        errno = E2BIG;
        return false;
    }
    for (std::size_t i = 0; i < mappings.size(); ++i) {
        lifted[i] = ::fcntl(mappings[i].source, F_DUPFD_CLOEXEC, floor);
        if (lifted[i] < 0) return false;
    }
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; ++fd) {
        if (null >= 0 && ::dup2(null, fd) < 0) return false;
    }
    for (std::size_t i = 0; i < mappings.size(); ++i) {
        if (::dup2(lifted[i], mappings[i].target) < 0) return false;
    }
    return true;
}

bool apply_limits(const SpawnOptions& options) {
    const auto set = [](__rlimit_resource resource, rlim_t value) {
        const rlimit limit{.rlim_cur = value, .rlim_max = value};
        return ::setrlimit(resource, &limit) == 0;
    };
    if (options.memory_limit != 0 && !set(RLIMIT_AS, options.memory_limit)) return false;
    if (options.cpu_seconds != 0 && !set(RLIMIT_CPU, options.cpu_seconds)) return false;
    return (options.memory_limit == 0 && options.cpu_seconds == 0) || set(RLIMIT_CORE, 0);
}

[[noreturn]] void run_child(ChildPlan& plan) {
    int error_pipe = plan.error_pipe;
    sigset_t none;
    sigemptyset(&none);
    (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
    const bool ready =
        ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == plan.parent &&
        map_descriptors(plan.options->fds, error_pipe) && apply_limits(*plan.options) &&
        (plan.options->working_directory.empty() || ::chdir(plan.options->working_directory.c_str()) == 0);
    // Close-on-exec everywhere is the rule; this catches descriptors of code that does not follow it.
    int floor = 3;
    for (const auto& mapping : plan.options->fds) floor = std::max(floor, mapping.target + 1);
    if (ready) {
        if (plan.options->fixed_addresses)
            (void)::personality(ADDR_NO_RANDOMIZE);  // where it is forbidden: random
        (void)::syscall(SYS_close_range, floor, ~0U, CLOSE_RANGE_CLOEXEC);
        ::execve(plan.program.c_str(), plan.argv.data(), plan.environment.data());
    }
    const int error = errno;
    (void)!::write(error_pipe, &error, sizeof error);
    ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (auto& text : strings) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

std::vector<std::string> own_environment() {
    std::vector<std::string> result;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) result.emplace_back(*entry);
    return result;
}

std::string path_variable_of(const std::vector<std::string>& environment) {
    for (const auto& entry : environment) {
        if (entry.starts_with("PATH=")) return entry.substr(5);
    }
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

ExitStatus decode(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) return {.code = info.si_status, .signal = 0};
    return {.code = 0, .signal = info.si_status};
}

struct PipePair {
    UniqueFd read, write;
};

Result<PipePair> make_pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) return errno_error(errno, "cannot create a pipe");
    return PipePair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

}  // namespace

std::string ExitStatus::to_string() const {
    if (signal == 0) return "exit status " + std::to_string(code);
    const char* name = sigabbrev_np(signal);
    return name == nullptr ? "killed by signal " + std::to_string(signal)
                           : "killed by SIG" + std::string(name);
}

std::optional<std::filesystem::path> find_program(std::string_view program, std::string_view path_variable) {
    if (program.find('/') != std::string_view::npos) {
        std::filesystem::path path(program);
        return ::access(path.c_str(), X_OK) == 0 ? std::optional(path) : std::nullopt;
    }
    for (const auto folder : split(path_variable, ':')) {
        std::filesystem::path path = std::filesystem::path(folder.empty() ? "." : folder) / program;
        std::error_code ignored;
        if (std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0) return path;
    }
    return std::nullopt;
}

Result<Subprocess> Subprocess::spawn(const SpawnOptions& options) {
    if (options.argv.empty())
        return Error{.code = ErrorCode::invalid_argument, .message = "no program to start"};
    std::vector<std::string> environment = options.environment ? *options.environment : own_environment();
    const auto program = find_program(options.argv[0], path_variable_of(environment));
    if (!program)
        return Error{.code = ErrorCode::not_found, .message = "program '" + options.argv[0] + "' not found"};
    std::vector<std::string> arguments = options.argv;
    GADGET_TRY_ASSIGN(PipePair errors, make_pipe());
    ChildPlan plan{.program = program->string(),
                   .argv = pointers(arguments),
                   .environment = pointers(environment),
                   .options = &options,
                   .parent = ::getpid(),
                   .error_pipe = errors.write.get()};
    const pid_t pid = ::fork();
    if (pid < 0) return errno_error(errno, "cannot start '" + options.argv[0] + "'");
    if (pid == 0) run_child(plan);
    Subprocess child(pid, UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
    errors.write.reset();
    int error = 0;
    ssize_t count = 0;
    do count = ::read(errors.read.get(), &error, sizeof error);
    while (count < 0 && errno == EINTR);
    if (count == sizeof error) return errno_error(error, "cannot start '" + options.argv[0] + "'");
    if (!child.pidfd_) return errno_error(errno, "cannot watch '" + options.argv[0] + "'");
    return child;
}

Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(pidfd_, other.pidfd_);
    return *this;
}

Subprocess::~Subprocess() {
    if (pid_ <= 0) return;
    kill(SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
    }
}

void Subprocess::kill(int signal) const {
    if (pid_ > 0) (void)::kill(pid_, signal);  // not yet waited for, so the number is still this child's
}

Result<ExitStatus> Subprocess::wait(std::optional<std::chrono::milliseconds> timeout) {
    const auto deadline = timeout ? std::optional(Clock::now() + *timeout) : std::nullopt;
    while (deadline) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Clock::now()).count();
        pollfd entry{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<long long>(left, 0, 1 << 30)));
        if (ready > 0) break;
        if (ready == 0) return Error{.code = ErrorCode::timed_out, .message = "process did not end in time"};
        if (errno != EINTR) return errno_error(errno, "cannot wait for a process");
    }
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0) {
        if (errno != EINTR) return errno_error(errno, "cannot wait for a process");
    }
    pid_ = -1;
    return decode(info);
}

Result<CommandOutput> run_command(SpawnOptions options, std::optional<std::chrono::milliseconds> timeout,
                                  std::size_t limit) {
    GADGET_TRY_ASSIGN(PipePair out, make_pipe());
    GADGET_TRY_ASSIGN(PipePair err, make_pipe());
    options.fds.push_back({out.write.get(), 1});
    options.fds.push_back({err.write.get(), 2});
    GADGET_TRY_ASSIGN(Subprocess child, Subprocess::spawn(options));
    out.write.reset();
    err.write.reset();
    const auto deadline = timeout ? std::optional(Clock::now() + *timeout) : std::nullopt;
    CommandOutput output;
    std::array<pollfd, 2> entries{pollfd{out.read.get(), POLLIN, 0}, pollfd{err.read.get(), POLLIN, 0}};
    std::array<std::string*, 2> texts{&output.out, &output.err};
    const std::string name = "'" + options.argv[0] + "'";
    while (entries[0].fd >= 0 || entries[1].fd >= 0) {
        int wait = -1;
        if (deadline) {
            wait = static_cast<int>(std::clamp<long long>(
                std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Clock::now()).count(), 0,
                1 << 30));
        }
        const int ready = ::poll(entries.data(), entries.size(), wait);
        if (ready < 0 && errno != EINTR) return errno_error(errno, "cannot read from " + name);
        if (ready == 0) return Error{.code = ErrorCode::timed_out, .message = name + " did not end in time"};
        for (std::size_t i = 0; i < entries.size() && ready > 0; ++i) {
            if (entries[i].fd < 0 || entries[i].revents == 0) continue;
            std::array<char, 16384> buffer{};
            const ssize_t count = ::read(entries[i].fd, buffer.data(), buffer.size());
            if (count > 0) texts[i]->append(buffer.data(), static_cast<std::size_t>(count));
            if (count == 0 || (count < 0 && errno != EINTR)) entries[i].fd = -1;
            if (texts[i]->size() > limit)
                return Error{.code = ErrorCode::io, .message = name + " printed too much"};
        }
    }
    GADGET_TRY_ASSIGN(
        output.status,
        child.wait(deadline ? std::optional(std::max(std::chrono::milliseconds(0),
                                                     std::chrono::duration_cast<std::chrono::milliseconds>(
                                                         *deadline - Clock::now())))
                            : std::nullopt));
    return output;
}

}  // namespace gadget
