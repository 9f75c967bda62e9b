// SPDX-License-Identifier: Apache-2.0
#include "run_print.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace gadget::cli {

PatientPrinter::PatientPrinter(Terminal& terminal, CancelToken cancel)
    : terminal_(&terminal), cancel_(cancel) {
    struct stat status{};
    if (::fstat(STDOUT_FILENO, &status) != 0 || !S_ISFIFO(status.st_mode)) return;
    const int size = ::fcntl(STDOUT_FILENO, F_GETPIPE_SZ);
    pipe_size_ = size > 0 ? static_cast<std::size_t>(size) : PIPE_BUF;
}

/// Bytes that a write takes without waiting once the pipe is writable: all of an empty one, else PIPE_BUF,
/// which pipe(7) guarantees.
std::size_t PatientPrinter::room() const {
    int waiting = 0;
    return ::ioctl(STDOUT_FILENO, FIONREAD, &waiting) == 0 && waiting == 0 ? pipe_size_ : PIPE_BUF;
}

bool PatientPrinter::print(std::string_view text) {
    if (pipe_size_ == 0) {
        terminal_->print(text);
        return true;
    }
    while (!text.empty() && !terminal_->output_failed()) {
        std::array<pollfd, 2> fds{pollfd{STDOUT_FILENO, POLLOUT, 0}, pollfd{cancel_.fd, POLLIN, 0}};
        if (::poll(fds.data(), fds.size(), -1) < 0) continue;  // EINTR
        if (fds[0].revents == 0) return false;                 // full, and we are to stop
        const std::size_t size = std::min(text.size(), room());
        terminal_->print(text.substr(0, size));
        text.remove_prefix(size);
    }
    return true;
}

}  // namespace gadget::cli
