// SPDX-License-Identifier: Apache-2.0
// The little of rtnetlink that tc filters need. libbpf's own bpf_tc_* fixes protocol and name, cannot list,
// and stays in one network namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gadget/runtime/spec.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::runtime {

struct TcFilter {
    unsigned interface = 0;
    Direction direction = Direction::ingress;
    std::uint32_t handle = 0;
    std::uint16_t priority = 0;
    std::uint16_t protocol = 0;    ///< host order
    std::string name{};            ///< of the bpf filter
    std::uint32_t program_id = 0;  ///< 0: not known
};

/// A route socket, bound to the network namespace in which it was opened.
class RouteSocket {
  public:
    static Result<RouteSocket> open();

    /// Makes sure that the interface has a clsact queueing discipline; true when this call made it.
    Result<bool> ensure_clsact(unsigned interface);
    Result<void> remove_clsact(unsigned interface);
    /// Adds a filter and returns it as the kernel has it, with its handle and priority.
    Result<TcFilter> add_filter(const TcFilter& filter, int program_fd);
    /// Puts another program into an existing filter.
    Result<void> replace_filter(const TcFilter& filter, int program_fd);
    /// Removes exactly this filter; fine when it or its interface is gone.
    Result<void> remove_filter(const TcFilter& filter);
    Result<std::vector<TcFilter>> list_filters(unsigned interface, Direction direction);

  private:
    explicit RouteSocket(UniqueFd fd) : fd_(std::move(fd)) {}
    /// Sends a request and gives every answer's bytes; the error is the kernel's, positive, 0 = none.
    Result<int> exchange(std::vector<std::byte>& request, std::vector<std::byte>& answers);
    UniqueFd fd_;
    std::uint32_t sequence_ = 0;
};

}  // namespace gadget::runtime
