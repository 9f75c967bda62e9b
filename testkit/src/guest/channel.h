// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../record.h"

namespace gadget::testkit::guest {

/// Frames to and from the host over one descriptor (a virtio port, a socket, or a console that takes no
/// input).
class Channel {
  public:
    /// Borrows `fd`.
    Channel(int fd, std::string nonce) : fd_(fd), nonce_(nonce), parser_(std::move(nonce)) {}

    /// Blocks until the frame is written. When the host is gone the channel is broken and sending does
    /// nothing.
    void send(const Record& record);
    /// What has arrived; call when fd() is readable. End of file breaks the channel.
    [[nodiscard]] std::vector<Record> receive();

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] bool broken() const { return broken_; }

  private:
    int fd_;
    std::string nonce_;
    FrameParser parser_;
    std::uint64_t sequence_ = 0;
    bool broken_ = false;
};

}  // namespace gadget::testkit::guest
