// SPDX-License-Identifier: Apache-2.0
// An HTTP proxy that knows CONNECT only, as HTTPS_PROXY names one.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gadget/support/unique_fd.h"

namespace gadget::tests {

/// Listens on the loopback. Whatever host is asked for, the tunnel leads to `port` of this machine.
class TunnelProxy {
  public:
    explicit TunnelProxy(unsigned port);
    ~TunnelProxy();
    TunnelProxy(const TunnelProxy&) = delete;
    TunnelProxy& operator=(const TunnelProxy&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(own_port_); }
    /// The heads of the requests so far.
    [[nodiscard]] std::vector<std::string> requests();

  private:
    void accept_loop();
    void serve(int client);
    /// Waits until `fd` can be read; false when the proxy ends.
    [[nodiscard]] bool readable(int fd) const;
    void carry(int client, int server) const;

    unsigned target_port_;
    unsigned own_port_ = 0;
    UniqueFd listener_;
    UniqueFd stop_;
    std::mutex mutex_;
    std::vector<std::string> requests_;
    std::vector<std::jthread> connections_;
    std::jthread acceptor_;
};

}  // namespace gadget::tests
