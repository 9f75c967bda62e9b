// SPDX-License-Identifier: Apache-2.0
#include "actor.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "../job.h"
#include "../record.h"
#include "gadget/support/files.h"
#include "isolation.h"

namespace gadget::testkit::guest {
namespace {

constexpr std::size_t kMaxMessage = 64 * 1024;

std::optional<unsigned> id_option(const JobStep& step, const std::string& name) {
    const auto found = step.options.find(name);
    if (found == step.options.end()) return std::nullopt;
    unsigned value = 0;
    const auto& text = found->second;
    (void)std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// Goes where the step happens; why not, or "".
std::string take_place(const Place& place) {
    if (!place.cgroup.empty() && !join_cgroup(place.cgroup))
        return "cannot enter the control group " + place.cgroup + ": " + errno_text(errno);
    if (place.netns >= 0 && ::setns(place.netns, CLONE_NEWNET) != 0)
        return "cannot enter the network namespace: " + errno_text(errno);
    return {};
}

/// Becomes the user that the step asks for; why not, or "".
std::string take_identity(const JobStep& step) {
    if (const auto comm = step.options.find("comm"); comm != step.options.end()) {
        (void)::prctl(PR_SET_NAME, comm->second.c_str());
    }
    const auto gid = id_option(step, "gid");
    const auto uid = id_option(step, "uid");
    if ((gid || uid) && ::setgroups(0, nullptr) != 0) return "cannot drop the groups: " + errno_text(errno);
    if (gid && ::setresgid(*gid, *gid, *gid) != 0) return "cannot become gid " + std::to_string(*gid);
    if (uid && ::setresuid(*uid, *uid, *uid) != 0) return "cannot become uid " + std::to_string(*uid);
    return {};
}

/// The life of the child: place and identity first, so that a gadget sees nothing of it, then wait, act,
/// report.
[[noreturn]] void act(int socket, const JobStep& first, const Place& place, pid_t parent) {
    auto failure = take_place(place);
    if (failure.empty()) failure = take_identity(first);
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which clears it
    if (::getppid() != parent) ::_exit(1);
    std::string message(kMaxMessage, '\0');
    const auto size = ::recv(socket, message.data(), message.size(), 0);
    if (size <= 0) ::_exit(1);
    message.resize(static_cast<std::size_t>(size));
    if (failure.empty()) {
        const auto record = decode_record(message);
        JobStep step{.id = first.id, .kind = first.kind, .options = {}};
        for (std::size_t i = 1; record && i + 1 < record->size(); i += 2)
            step.options[(*record)[i]] = (*record)[i + 1];
        failure = record && !record->empty() ? run_stimulus({.step = &step, .program = &record->front()})
                                             : "the step did not arrive";
    }
    failure.insert(0, "=");  // never an empty packet
    (void)!::send(socket, failure.data(), failure.size(), MSG_NOSIGNAL);
    ::_exit(0);
}

}  // namespace

Result<Actor> Actor::start(JobStep step, const Place& place) {
    std::array<int, 2> sockets{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
        return errno_error(errno, "cannot create the socket of a stimulus");
    }
    UniqueFd ours(sockets[0]);
    UniqueFd theirs(sockets[1]);
    const auto parent = ::getpid();
    const auto pid = ::fork();
    if (pid < 0) return errno_error(errno, "cannot fork a stimulus process");
    if (pid == 0) {
        ours.reset();
        act(theirs.get(), step, place, parent);
    }
    return Actor(std::move(step), pid, std::move(ours));
}

Actor::Actor(Actor&& other) noexcept
    : step_(std::move(other.step_)), pid_(std::exchange(other.pid_, -1)), socket_(std::move(other.socket_)) {}

Actor::~Actor() {
    if (pid_ <= 0) return;
    (void)::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
}

Result<void> Actor::release(const JobStep& step, const std::string& program) {
    Record record{program};
    for (const auto& [name, value] : step.options) {
        record.push_back(name);
        record.push_back(value);
    }
    const auto message = encode_record(record);
    if (message.size() > kMaxMessage) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "the options of step '" + step.id + "' are too long"};
    }
    if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) {
        return errno_error(errno, "cannot start step '" + step.id + "'");
    }
    return {};
}

bool Actor::wait(std::chrono::steady_clock::time_point deadline) const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{socket_.get(), POLLIN, 0};
    return ::poll(&entry, 1, static_cast<int>(std::clamp<long long>(left.count(), 0, 600'000))) > 0;
}

std::string Actor::finish() {
    std::string message(kMaxMessage, '\0');
    const auto size = ::recv(socket_.get(), message.data(), message.size(), 0);
    if (size <= 0) return "the stimulus process ended early";
    message.resize(static_cast<std::size_t>(size));
    return message.substr(1);
}

}  // namespace gadget::testkit::guest
