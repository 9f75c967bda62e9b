// SPDX-License-Identifier: Apache-2.0
#include "stimuli.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "gadget/support/unique_fd.h"
#include "stimulus_parts.h"

namespace gadget::testkit::guest {
namespace {

struct Stimulus {
    std::string_view kind;
    std::string (*run)(const StimulusContext&);
};

/// The code behind stimulus_specs().
constexpr std::array kStimuli{
    Stimulus{"open", open_file},
    Stimulus{"mkdir", make_folder},
    Stimulus{"remove", remove_file},
    Stimulus{"rename", rename_file},
    Stimulus{"write", write_file},
    Stimulus{"exec", exec_program},
    Stimulus{"fork", fork_child},
    Stimulus{"signal", send_signal},
    Stimulus{"mount", mount_file_system},
    Stimulus{"unmount", unmount_file_system},
    Stimulus{"module", load_module},
    Stimulus{"tcp", talk_tcp},
    Stimulus{"udp", send_udp},
    Stimulus{"bind", bind_socket},
    Stimulus{"dns", ask_dns},
    Stimulus{"tls", greet_tls},
    Stimulus{"wait", wait_a_while},
    Stimulus{"malloc", allocate_memory},
    Stimulus{"mutex", contend_for_lock},
    Stimulus{"oom", exhaust_group},
    Stimulus{"block", use_block_device},
    Stimulus{"uprobe", call_target},
    Stimulus{"usdt", pass_usdt},
};

}  // namespace

std::optional<unsigned> parse_number(std::string_view text, int base) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool write_file_in_place(const std::string& path, std::string_view text) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string errno_name(int error) {
    const char* name = strerrorname_np(error);
    return name == nullptr ? "errno " + std::to_string(error) : name;
}

std::string check_errno(const StimulusContext& context, std::string_view call, int got) {
    const auto wanted_name = context.option("error");
    int wanted = 0;
    if (!wanted_name.empty()) {
        const auto number = errno_number(wanted_name);
        if (!number) return "unknown error name '" + wanted_name + "'";
        wanted = *number;
    }
    if (got == wanted) return {};
    const auto outcome = [](int error) {
        return error == 0 ? "succeeds" : "fails with " + errno_name(error);
    };
    return std::string(call) + " " + outcome(got) + ", but the step says that it " + outcome(wanted);
}

std::string wait_for(pid_t child, const StimulusContext& context, std::string_view what) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return std::string("waiting for ") + std::string(what) + ": " + errno_name(errno);
    }
    const auto wanted = parse_number(context.option("status", "0"), 10);
    if (WIFEXITED(status) && wanted && WEXITSTATUS(status) == static_cast<int>(*wanted)) return {};
    return std::string(what) + (WIFEXITED(status)
                                    ? " ended with exit status " + std::to_string(WEXITSTATUS(status))
                                    : " was killed by signal " + std::to_string(WTERMSIG(status)));
}

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

bool has_stimulus(std::string_view kind) {
    return std::any_of(kStimuli.begin(), kStimuli.end(),
                       [&](const Stimulus& stimulus) { return stimulus.kind == kind; });
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
