// SPDX-License-Identifier: Apache-2.0
#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace gadget::testkit {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxErrors = 64 * 1024;

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) return errno_error(errno, "cannot create a pipe");
    return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// The inherited environment with "K=V" entries of `extra` in the place of theirs.
std::vector<std::string> environment_with(const std::vector<std::string>& extra) {
    std::vector<std::string> result(extra);
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto key = text.substr(0, text.find('=') + 1);
        const bool replaced =
            std::any_of(extra.begin(), extra.end(), [&](const std::string& e) { return e.starts_with(key); });
        if (!replaced) result.emplace_back(text);
    }
    return result;
}

/// Reads once; closes `fd` at the end. Returns the bytes.
std::string_view read_some(UniqueFd& fd, std::span<char> buffer) {
    const auto count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count > 0) return {buffer.data(), static_cast<std::size_t>(count)};
    if (count == 0 || errno != EINTR) fd.reset();
    return {};
}

}  // namespace

Error cancelled_error(std::string_view what) {
    return Error{.code = ErrorCode::cancelled, .message = std::string(what) + " was interrupted"};
}

Result<ChildEnd> run_child(const ChildRun& run, const CancelToken& cancel) {
    GADGET_TRY_ASSIGN(Pipe out, make_pipe());
    GADGET_TRY_ASSIGN(Pipe err, make_pipe());
    SpawnOptions options;
    options.argv = run.argv;
    options.fds = {{out.write.get(), 1}, {err.write.get(), 2}};
    options.working_directory = run.working_directory;
    options.environment = environment_with(run.extra_environment);
    GADGET_TRY_ASSIGN(Subprocess child, Subprocess::spawn(options));
    out.write.reset();
    err.write.reset();
    ChildEnd end;
    std::vector<char> buffer(256 * 1024);
    const auto deadline = Clock::now() + run.timeout;
    while (out.read || err.read) {
        std::array<pollfd, 3> fds{
            {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}, {cancel.fd, POLLIN, 0}}};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        const int count = left <= 0 ? 0 : ::poll(fds.data(), fds.size(), static_cast<int>(left));
        if (count < 0 && errno != EINTR) return errno_error(errno, "waiting for " + run.argv[0]);
        if (count == 0) {
            return Error{.code = ErrorCode::timed_out,
                         .message = run.argv[0] + " did not end within " +
                                    std::to_string(run.timeout.count() / 1000) + " s"};
        }
        if (count < 0) continue;
        if (fds[2].revents != 0) return cancelled_error(run.argv[0]);
        if (fds[0].revents != 0) {
            const auto bytes = read_some(out.read, buffer);
            if (run.output && !bytes.empty()) GADGET_TRY(run.output(bytes));
        }
        if (fds[1].revents != 0) {
            end.errors.append(read_some(err.read, buffer));
            if (end.errors.size() > kMaxErrors) end.errors.erase(0, end.errors.size() - kMaxErrors);
        }
    }
    GADGET_TRY_ASSIGN(end.status, child.wait(std::max(std::chrono::milliseconds(1000), run.timeout)));
    return end;
}

}  // namespace gadget::testkit
