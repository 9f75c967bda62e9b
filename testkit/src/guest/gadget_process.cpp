// SPDX-License-Identifier: Apache-2.0
#include "gadget_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace gadget::testkit::guest {
namespace {

constexpr std::size_t kMaxLine = 256 * 1024;
constexpr int kReadyFd = 3;

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) return errno_error(errno, "cannot create a pipe");
    Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
    (void)::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);  // only our end: the flag is per open description
    return pipe;
}

/// For the rows: a gadget that writes to a pipe gives up at its end when the pipe is full, to a socket it
/// waits. We read until it ends, however busy the machine is.
Result<Pipe> make_stream() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0)
        return errno_error(errno, "cannot create the socket of a gadget's rows");
    Pipe stream{UniqueFd(fds[0]), UniqueFd(fds[1])};
    (void)::fcntl(stream.read.get(), F_SETFL, O_NONBLOCK);
    return stream;
}

int poll_timeout(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, 3'600'000));
}

}  // namespace

Result<GadgetProcess> GadgetProcess::start(std::vector<std::string> argv, GadgetOutput output) {
    GADGET_TRY_ASSIGN(Pipe rows, make_stream());
    GADGET_TRY_ASSIGN(Pipe log, make_pipe());
    GADGET_TRY_ASSIGN(Pipe ready, make_pipe());
    argv.insert(argv.end(), {"--ready-fd", std::to_string(kReadyFd)});
    SpawnOptions options;
    options.argv = std::move(argv);
    options.fds = {{rows.write.get(), 1}, {log.write.get(), 2}, {ready.write.get(), kReadyFd}};
    GADGET_TRY_ASSIGN(Subprocess process, Subprocess::spawn(options));
    GadgetProcess gadget(std::move(process), std::move(output));
    gadget.rows_.fd = std::move(rows.read);
    gadget.log_.fd = std::move(log.read);
    gadget.ready_pipe_ = std::move(ready.read);
    return gadget;
}

Result<GadgetProcess> GadgetProcess::start_command(SpawnOptions options, GadgetOutput output) {
    GADGET_TRY_ASSIGN(Pipe rows, make_pipe());
    GADGET_TRY_ASSIGN(Pipe log, make_pipe());
    options.fds = {{rows.write.get(), 1}, {log.write.get(), 2}};
    GADGET_TRY_ASSIGN(Subprocess process, Subprocess::spawn(options));
    GadgetProcess command(std::move(process), std::move(output));
    command.is_command_ = true;
    command.rows_.fd = std::move(rows.read);
    command.log_.fd = std::move(log.read);
    return command;
}

void GadgetProcess::pump(Clock::time_point deadline, int extra) {
    extra_ready_ = false;
    const bool was_ready = ready_;
    while (!ended() && ready_ == was_ready) {
        std::array<pollfd, 5> fds{{{rows_.fd.get(), POLLIN, 0},
                                   {log_.fd.get(), POLLIN, 0},
                                   {ready_pipe_.get(), POLLIN, 0},
                                   {process_.pidfd(), POLLIN, 0},
                                   {extra, POLLIN, 0}}};
        const int count = ::poll(fds.data(), fds.size(), poll_timeout(deadline));
        if (count < 0 && errno != EINTR) return;
        if (count == 0 && Clock::now() >= deadline) return;
        if (fds[0].revents != 0) read_rows();
        if (fds[1].revents != 0) read_stream(log_, output_.log, output_.log);
        if (fds[2].revents != 0) {
            char byte = 0;
            if (::read(ready_pipe_.get(), &byte, 1) == 1) ready_ = true;
            ready_pipe_.reset();  // told once, or closed without a word
        }
        if (fds[3].revents != 0) finish();
        if (fds[4].revents != 0) {
            extra_ready_ = true;
            return;
        }
    }
}

/// A gadget that is told to end stops printing when nobody reads fast enough: its last row may be a part of
/// one, and that is none.
void GadgetProcess::read_rows() {
    const auto cut_off = [this](std::string_view text) {
        output_.log("the last row is not whole: " + std::string(text.substr(0, 200)));
    };
    if (is_command_) return read_stream(rows_, output_.row, output_.row);
    read_stream(rows_, output_.row, cut_off);
}

void GadgetProcess::read_stream(Stream& stream, const std::function<void(std::string_view)>& line,
                                const std::function<void(std::string_view)>& last) {
    std::array<char, 64 * 1024> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    const auto count = ::read(stream.fd.get(), buffer.data(), buffer.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
        if (!stream.pending.empty()) last(stream.pending);
        stream.pending.clear();
        stream.fd.reset();
        return;
    }
    std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
    while (!bytes.empty()) {
        const auto newline = bytes.find('\n');
        if (!stream.skipping) stream.pending.append(bytes.substr(0, newline));
        if (stream.pending.size() > kMaxLine) {
            stream.pending.resize(kMaxLine);
            stream.skipping = true;
        }
        if (newline == std::string_view::npos) return;
        line(stream.pending);
        stream.pending.clear();
        stream.skipping = false;
        bytes.remove_prefix(newline + 1);
    }
}

void GadgetProcess::finish() {
    auto status = process_.wait(std::chrono::milliseconds(0));
    if (!status) return;
    status_ = *status;
    // What is still in the pipes; a grandchild that keeps them open cannot hold us, the reads do not block.
    for (auto* stream : {&rows_, &log_}) {
        while (stream->fd.valid()) {
            pollfd fd{stream->fd.get(), POLLIN, 0};
            if (::poll(&fd, 1, 0) <= 0) break;
            if (stream == &rows_) {
                read_rows();
            } else {
                read_stream(*stream, output_.log, output_.log);
            }
        }
    }
}

}  // namespace gadget::testkit::guest
