// SPDX-License-Identifier: Apache-2.0
// A recorded run, delivered again through the same path: no kernel, no gadget, no root.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
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

/// Puts the texts of kernel stacks into a recording, since only the kernel of the run knows them.
class StackRecorder {
  public:
    /// For the sources of `session`, which must outlive it.
    static Result<StackRecorder> create(const Session& session);

    /// Appends the stacks of `delivery` that the recording does not have yet; call it before its rows.
    void take(const Delivery& delivery, events::RecordingWriter& writer, std::string& out);

  private:
    std::function<void(std::uint32_t id, std::string& out)> text_of_{};
    std::vector<std::vector<events::FieldReader>> ids_{};  ///< by source
    std::map<std::uint32_t, std::size_t> known_{};         ///< hash of the text, by stack
};

}  // namespace gadget::session
