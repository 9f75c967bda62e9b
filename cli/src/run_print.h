// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "gadget/support/cancel.h"
#include "terminal.h"

namespace gadget::cli {

/// Prints to stdout so that a run can be interrupted although the reader of its pipe stopped reading.
class PatientPrinter {
  public:
    /// Looks at what stdout is.
    PatientPrinter(Terminal& terminal, CancelToken cancel);

    /// False: the wish to stop came while the pipe was full, and the rest of `text` is dropped.
    bool print(std::string_view text);

  private:
    [[nodiscard]] std::size_t room() const;

    Terminal* terminal_;
    CancelToken cancel_;
    std::size_t pipe_size_ = 0;  ///< 0: not a pipe
};

}  // namespace gadget::cli
