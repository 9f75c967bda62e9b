// SPDX-License-Identifier: Apache-2.0
// --record: the rows of a run as a file that --replay reads.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gadget/session.h"
#include "gadget/support/unique_fd.h"

namespace gadget::cli {

class RunRecorder {
  public:
    /// Creates or empties `file` and writes what the sources are.
    static Result<RunRecorder> create(const std::filesystem::path& file, const session::Session& session);

    /// A write that fails is told once, by finish(); nothing more is written then.
    void take(const session::Delivery& delivery);
    /// Adds what was lost, and writes the rest.
    Result<void> finish(const std::vector<session::Loss>& losses);

  private:
    void write();

    std::string name_;
    UniqueFd file_;
    events::RecordingWriter writer_;
    session::StackRecorder stacks_;
    std::vector<std::string> sources_;
    std::string out_;
    Result<void> outcome_;
};

}  // namespace gadget::cli
