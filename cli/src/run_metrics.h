// SPDX-License-Identifier: Apache-2.0
// --metrics-listen: the metrics of a run for Prometheus, over HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gadget/support/result.h"

namespace gadget::cli {

class MetricsServer {
  public:
    /// Makes the text of the metrics; called by the server's own thread.
    using Text = std::function<std::string()>;

    /// Listens on "HOST:PORT" ("127.0.0.1:2224", "[::]:2224", ":2224" for every address) until it is
    /// destroyed. `invalid_argument` for another form; what the kernel refuses is named.
    static Result<std::unique_ptr<MetricsServer>> start(const std::string& address, Text text);

    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;
    ~MetricsServer();

    /// Where it listens, with the port that the kernel chose for port 0.
    [[nodiscard]] const std::string& address() const;

  private:
    struct Impl;
    explicit MetricsServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace gadget::cli
