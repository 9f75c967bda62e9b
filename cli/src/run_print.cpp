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

PatientPrinter::PatientPrinter(Terminal& terminal, CancelToken cancel, std::chrono::milliseconds grace)
    : terminal_(&terminal), cancel_(cancel), grace_(grace) {
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

/// Waits for room in the pipe. Once the run is to stop, a reader gets the grace for each piece that it takes:
/// one that is only slow still gets whole rows, one that stopped does not keep the run from its end.
bool PatientPrinter::wait_for_room() {
    while (!abandoned_) {
        std::array<pollfd, 2> fds{pollfd{STDOUT_FILENO, POLLOUT, 0}, pollfd{cancel_.fd, POLLIN, 0}};
        const bool stopping = cancel_.requested();
        const int ready =
            ::poll(fds.data(), stopping ? 1 : 2, stopping ? static_cast<int>(grace_.count()) : -1);
        if (ready > 0 && fds[0].revents != 0) return true;
        if (ready == 0) abandoned_ = true;
    }
    return false;
}

std::size_t PatientPrinter::print(std::string_view text) {
    if (pipe_size_ == 0) {
        terminal_->print(text);
        return 0;
    }
    while (!text.empty() && !terminal_->output_failed()) {
        if (!wait_for_room()) return text.size();
        const std::size_t size = std::min(text.size(), room());
        terminal_->print(text.substr(0, size));
        text.remove_prefix(size);
    }
    return 0;
}

}  // namespace gadget::cli
