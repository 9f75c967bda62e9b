// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "gadget/support/result.h"

namespace gadget::runtime {

/// Runs `work` in the network namespace behind `netns_fd` (-1: here), on a thread of its own so that this one
/// stays where it is.
Result<void> in_netns(int netns_fd, const std::function<Result<void>()>& work);

/// The index of an interface of the current network namespace.
Result<unsigned> interface_index(const std::string& name);

}  // namespace gadget::runtime
