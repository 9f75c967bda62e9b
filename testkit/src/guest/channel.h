// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../record.h"

namespace gadget::testkit::guest {

/// Frames to and from the host over one descriptor (a virtio port, a socket, or a console that takes no
/// input). A child of the process that made it may go on with it: both count the same frames.
class Channel {
  public:
    /// Borrows `fd`. Broken from the start when there is no memory.
    Channel(int fd, std::string nonce);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Blocks until the frame is written. When the host is gone the channel is broken and sending does
    /// nothing.
    void send(const Record& record);
    /// What has arrived; call when fd() is readable. End of file breaks the channel.
    [[nodiscard]] std::vector<Record> receive();

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] bool broken() const { return broken_; }
    /// A child found out that the host is gone.
    void give_up() { broken_ = true; }

  private:
    int fd_;
    std::string nonce_;
    FrameParser parser_;
    std::uint64_t* sequence_ = nullptr;  ///< memory that children share
    bool broken_ = false;
};

}  // namespace gadget::testkit::guest
