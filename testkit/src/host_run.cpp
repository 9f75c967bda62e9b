// SPDX-License-Identifier: Apache-2.0
#include "host_run.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "child.h"
#include "gadget/support/subprocess.h"
#include "guest/features.h"
#include "kernel_session.h"

namespace gadget::testkit {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kFrameFd = 3;
constexpr milliseconds kOverhead{60'000};  // for everything that is not inside a test's own limit

/// The agent's files: they must be readable by stimuli that run as another user, hence the modes.
Result<void> lay_out(const std::filesystem::path& folder, const HostRequest& request, const Job& job) {
    if (::chmod(folder.c_str(), 0711) != 0) return errno_error(errno, "cannot open up " + folder.string());
    for (const auto& file : request.files) {
        if (file.name.starts_with('/')) continue;  // a file of machines, which is here already
        GADGET_TRY(write_file_atomic(folder / file.name, file.content, file.mode));
    }
    return write_file_atomic(folder / "job", encode_job(job), 0600);
}

/// Passes frames between the agent and `run` until the agent closes its end.
RunEnd converse(int socket, const Job& job, milliseconds limit, const FrameHandler& handler,
                const CancelToken& cancel) {
    RunEnd end;
    FrameParser parser(job.nonce);
    std::vector<char> buffer(64 * 1024);
    std::uint64_t sequence = 0;
    bool done = false;
    const auto deadline = Clock::now() + limit;
    while (!done) {
        std::array<pollfd, 2> fds{{{socket, POLLIN, 0}, {cancel.fd, POLLIN, 0}}};
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
        const int count = left <= 0 ? 0 : ::poll(fds.data(), fds.size(), static_cast<int>(left));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            end.failure = Error{.code = ErrorCode::timed_out,
                                .message = "the tests on this kernel did not end in time"};
            break;
        }
        if (fds[1].revents != 0) {
            end.failure = cancelled_error("the test");
            break;
        }
        const auto size = ::read(socket, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) {
            end.failure = Error{.code = ErrorCode::corrupt_data,
                                .message = "the test agent ended before its tests were over"};
            break;
        }
        std::vector<Record> records;
        parser.push({buffer.data(), static_cast<std::size_t>(size)}, records);
        for (const auto& record : records) {
            done = done || record[0] == "done";
            for (const auto& reply : handler(record)) {
                const auto frame = encode_frame(job.nonce, sequence++, reply);
                (void)!::send(socket, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            }
        }
    }
    end.damaged_frames = parser.damaged();
    end.lost_frames = parser.lost();
    return end;
}

}  // namespace

std::string missing_host_permission() {
    return guest::missing_feature("bpf");
}

Result<RunEnd> run_on_host(HostRequest request, const FrameHandler& handler, const CancelToken& cancel) {
    const bool only_shows = std::all_of(request.job.tests.begin(), request.job.tests.end(),
                                        [](const JobTest& test) { return test.kind == JobKind::replay; });
    if (auto why = only_shows ? std::string() : missing_host_permission(); !why.empty()) {
        return Error{.code = ErrorCode::permission_denied,
                     .message = "permission to use BPF on this kernel (" + why + ")",
                     .hint = "run as root, or leave out 'host'",
                     .requirement = Requirement{"permission to use BPF", ""}};
    }
    GADGET_TRY_ASSIGN(const TempDir folder, TempDir::create("gadgetkit-test-"));
    const auto path = [&](const char* name) { return (folder.path() / name).string(); };
    const Job job = at_place(std::move(request.job), folder.path().string(), request.runner.string());
    GADGET_TRY(lay_out(folder.path(), request, job));

    std::array<int, 2> sockets{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
        return errno_error(errno, "cannot create the socket of the test agent");
    }
    const UniqueFd ours(sockets[0]);
    UniqueFd theirs(sockets[1]);
    SpawnOptions options;
    options.argv = {request.runner.string(), "testkit-agent", path("job"), std::to_string(kFrameFd),
                    path("scratch")};
    options.fds = {{theirs.get(), kFrameFd}};
    GADGET_TRY_ASSIGN(Subprocess agent, Subprocess::spawn(options));
    theirs.reset();
    RunEnd end = converse(ours.get(), job, request.limit + kOverhead, handler, cancel);
    if (!end.failure) (void)agent.wait(milliseconds(2000));  // else the destructor kills it
    return end;
}

}  // namespace gadget::testkit
