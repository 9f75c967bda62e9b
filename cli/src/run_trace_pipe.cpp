// SPDX-License-Identifier: Apache-2.0
#include "run_trace_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>

#include "gadget/support/files.h"
#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"

namespace gadget::cli {
namespace {

constexpr std::size_t kPiece = 4096;
constexpr std::size_t kLongestLine = 64 << 10;

}  // namespace

struct TracePipe::Impl {
    UniqueFd file;
    UniqueFd stopper;
    Line line;
    std::string rest;
    std::thread thread;

    void serve() {
        std::array<pollfd, 2> fds{pollfd{file.get(), POLLIN, 0}, pollfd{stopper.get(), POLLIN, 0}};
        while (true) {
            if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
            const bool stops = fds[1].revents != 0;
            while (read_piece()) {
            }
            if (stops || (fds[0].revents & (POLLHUP | POLLERR)) != 0) return;
        }
    }

    /// False: nothing is there now.
    bool read_piece() {
        std::array<char, kPiece> piece{};
        const ssize_t count = ::read(file.get(), piece.data(), piece.size());
        if (count <= 0) return count < 0 && errno == EINTR;
        rest.append(piece.data(), static_cast<std::size_t>(count));
        for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
            line(std::string_view(rest).substr(0, end));
            rest.erase(0, end + 1);
        }
        if (rest.size() > kLongestLine) rest.clear();
        return true;
    }
};

Result<std::unique_ptr<TracePipe>> TracePipe::start(const std::filesystem::path& file, Line line) {
    auto impl = std::make_unique<Impl>();
    impl->file.reset(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!impl->file && errno == ENOENT) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "--trace-pipe: '" + file.string() + "' does not exist",
                     .hint = "mount -t tracefs nodev /sys/kernel/tracing",
                     .requirement = Requirement{"tracefs", ""}};
    }
    if (!impl->file) return errno_error(errno, "--trace-pipe: cannot open '" + file.string() + "'");
    impl->stopper.reset(::eventfd(0, EFD_CLOEXEC));
    if (!impl->stopper) return errno_error(errno, "creating an event descriptor");
    impl->line = std::move(line);
    impl->thread = std::thread([pipe = impl.get()] { pipe->serve(); });
    return std::unique_ptr<TracePipe>(new TracePipe(std::move(impl)));
}

TracePipe::TracePipe(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TracePipe::~TracePipe() {
    const std::uint64_t one = 1;
    (void)write_all(impl_->stopper.get(), std::as_bytes(std::span(&one, 1)), "eventfd");
    impl_->thread.join();
}

std::filesystem::path trace_pipe_file() {
    constexpr const char* kUsual = "/sys/kernel/tracing/trace_pipe";
    constexpr const char* kOld = "/sys/kernel/debug/tracing/trace_pipe";
    std::error_code ignored;
    return std::filesystem::exists(kUsual, ignored) || !std::filesystem::exists(kOld, ignored) ? kUsual
                                                                                               : kOld;
}

}  // namespace gadget::cli
