// SPDX-License-Identifier: Apache-2.0
#include "netns.h"

#include <net/if.h>
#include <sched.h>

#include <cerrno>
#include <thread>

namespace gadget::runtime {

Result<void> in_netns(int netns_fd, const std::function<Result<void>()>& work) {
    if (netns_fd < 0) return work();
    Result<void> outcome;
    std::thread([&] {
        outcome =
            setns(netns_fd, CLONE_NEWNET) == 0 ? work() : errno_error(errno, "entering a network namespace");
    }).join();
    return outcome;
}

Result<unsigned> interface_index(const std::string& name) {
    const unsigned index = if_nametoindex(name.c_str());
    if (index != 0) return index;
    if (errno == ENODEV) return Error{ErrorCode::not_found, "there is no network interface '" + name + "'"};
    return errno_error(errno, "looking up network interface '" + name + "'");
}

}  // namespace gadget::runtime
