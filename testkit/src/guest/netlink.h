// SPDX-License-Identifier: Apache-2.0
// Just enough of rtnetlink(7) for pairs of interfaces.
#pragma once

#include <string>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::testkit::guest {

struct VethEnd {
    std::string name;
    std::vector<std::string> addresses{};  ///< "10.9.0.1/24", "fd00::1/64"
    int netns = -1;                        ///< borrowed; -1: that of this thread
};

/// Makes a pair of interfaces, both up, with addresses that can be used at once. `unsupported` when the
/// kernel has no such interfaces, `rejected_input` for an address that is none.
Result<void> make_veth(const VethEnd& one, const VethEnd& other);

/// A pair goes with either of its ends.
void remove_interface(const std::string& name);

}  // namespace gadget::testkit::guest
