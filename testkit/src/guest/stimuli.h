// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "../job.h"

namespace gadget::testkit::guest {

/// What a stimulus gets to know.
struct StimulusContext {
    const JobStep* step;         ///< variables are replaced already
    const std::string* program;  ///< our executable, for exec

    /// The option, or `fallback`.
    [[nodiscard]] std::string option(const std::string& name, std::string_view fallback = "") const;
};

/// Does the step's action in the calling process. Returns why it did not go as the step says, or "".
[[nodiscard]] std::string run_stimulus(const StimulusContext& context);

/// Whether there is code behind the kind.
[[nodiscard]] bool has_stimulus(std::string_view kind);

/// The number of an errno name ("ENOENT") or signal name ("SIGUSR1", "USR1").
[[nodiscard]] std::optional<int> errno_number(std::string_view name);
[[nodiscard]] std::optional<int> signal_number(std::string_view name);

}  // namespace gadget::testkit::guest
