// SPDX-License-Identifier: Apache-2.0
// How a source is shown: by the user's wish, else by its metadata.
#pragma once

#include <string>

#include "run_output.h"

namespace gadget::cli {

struct ModeChoice {
    OutputMode mode = OutputMode::none;
    std::string remark;  ///< why it is not what was asked for; or empty
};

/// `wanted` as in RunOptions::output. A mode that the source does not support turns it off, with a remark;
/// `invalid_argument` for one that does not exist.
Result<ModeChoice> choose_mode(const session::Source& source, const std::string& wanted);

/// Whether "source:mode" names only sources that exist.
Result<void> check_output_names(const RunOutput::Sources& sources, const std::string& wanted);

}  // namespace gadget::cli
