// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/unique_fd.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "gadget/support/cancel.h"

namespace gadget {

void UniqueFd::reset(int fd) {
    const int old = std::exchange(fd_, fd);
    if (old < 0) return;
    const int saved = errno;
    (void)::close(old);  // nothing useful can be done: the descriptor is gone either way
    errno = saved;
}

bool CancelToken::requested() const {
    if (fd < 0) return false;
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) > 0;
}

}  // namespace gadget
