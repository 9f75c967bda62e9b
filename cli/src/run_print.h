// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "gadget/support/cancel.h"
#include "terminal.h"

namespace gadget::cli {

/// Prints to stdout so that a run can be interrupted although the reader of its pipe stopped reading, while a
/// reader that is slow loses nothing.
class PatientPrinter {
  public:
    /// Looks at what stdout is. `grace`: how long a run that is to stop waits for its reader.
    PatientPrinter(Terminal& terminal, CancelToken cancel,
                   std::chrono::milliseconds grace = std::chrono::seconds(3));

    /// Bytes of `text` that were dropped: the wish to stop came, and the reader took nothing during the
    /// grace. From then on nothing more is printed.
    [[nodiscard]] std::size_t print(std::string_view text);

  private:
    [[nodiscard]] std::size_t room() const;
    [[nodiscard]] bool wait_for_room();

    Terminal* terminal_;
    CancelToken cancel_;
    std::chrono::milliseconds grace_;
    std::size_t pipe_size_ = 0;  ///< 0: not a pipe
    bool abandoned_ = false;     ///< by the reader
};

}  // namespace gadget::cli
