// SPDX-License-Identifier: Apache-2.0
// Stimuli: processes and signals.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "gadget/support/text.h"
#include "stimulus_parts.h"

namespace gadget::testkit::guest {

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
    const auto words = context.option("args");
    for (const auto word : split(words, ' ')) {
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

}  // namespace gadget::testkit::guest
