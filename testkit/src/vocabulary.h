// SPDX-License-Identifier: Apache-2.0
// The words that a scenario may use: stimuli with their options, and kernel features. The host checks
// scenarios against these tables, the guest has the code behind each word.
#pragma once

#include <span>
#include <string_view>

namespace gadget::testkit {

struct OptionSpec {
    std::string_view name;
    bool required = false;
};

struct StimulusSpec {
    std::string_view kind;
    std::string_view does;  ///< one sentence for documentation
    std::span<const OptionSpec> options;
};

struct FeatureSpec {
    std::string_view name;
    std::string_view since;  ///< the first Linux that has it, e.g. "5.8"; for messages
};

[[nodiscard]] std::span<const StimulusSpec> stimulus_specs();
/// Options that every stimulus takes: who does it.
[[nodiscard]] std::span<const OptionSpec> common_options();
[[nodiscard]] std::span<const FeatureSpec> feature_specs();

}  // namespace gadget::testkit
