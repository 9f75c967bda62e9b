// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace gadget {

/// A wish to stop, as a descriptor that becomes readable and stays so: long work polls it beside its own
/// descriptors. Borrowed; -1 = never.
struct CancelToken {
    int fd = -1;
    [[nodiscard]] bool requested() const;
};

}  // namespace gadget
