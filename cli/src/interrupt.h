// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gadget/support/cancel.h"
#include "gadget/support/unique_fd.h"

namespace gadget::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a descriptor that long work polls, and ignores SIGPIPE so that a
/// closed pipe is an error of write(). One per process, made before any thread.
class Interrupt {
  public:
    Interrupt();
    [[nodiscard]] CancelToken token() const { return {fd_.get()}; }

  private:
    UniqueFd fd_;
};

}  // namespace gadget::cli
