// SPDX-License-Identifier: Apache-2.0
// A recorded run, delivered again through the same path: no kernel, no gadget, no root.
#pragma once

#include <memory>
#include <vector>

#include "gadget/session/session.h"
#include "gadget/session/view.h"

namespace gadget::session {

class Replay {
  public:
    /// Reads the definitions at the start of a recording. Clock, names of users and groups, and time zone
    /// come from `environment` where the recording does not hold them. `corrupt_data`: not a recording.
    static Result<std::unique_ptr<Replay>> open(events::RecordingReader::Read read,
                                                const ViewOptions& options,
                                                const events::Environment& environment);
    virtual ~Replay() = default;

    [[nodiscard]] virtual const std::vector<std::unique_ptr<Source>>& sources() const = 0;
    /// Delivers the next part; false at the end.
    virtual Result<bool> step(const RowHandler& handler) = 0;
    [[nodiscard]] virtual std::vector<Loss> losses() const = 0;
};

/// Appends the definition of `source` to a recording, so that a replay knows its kind too. Returns its
/// number.
std::uint32_t record_source(events::RecordingWriter& writer, const Source& source, std::string& out);

}  // namespace gadget::session
