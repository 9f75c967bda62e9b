// SPDX-License-Identifier: Apache-2.0
// The words that a scenario may use: stimuli and fixtures with their options, and kernel features. The host
// checks scenarios against these tables and makes the published schema of them, the guest has the code behind
// each word.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace gadget::testkit {

/// What an option's value looks like; a value with a ${variable} may be any of them.
enum class OptionType : std::uint8_t {
    text,
    number,  ///< whole, not negative
    octal,   ///< a file mode
    flag,    ///< true or false
    choice,  ///< one of `choices`
    words,   ///< one text or a list of them; of `choices` when there are any
    error,   ///< name of an errno, "ENOENT"
    netns,   ///< id of a fixture of that kind
    cgroup,  ///< likewise
};

struct OptionSpec {
    std::string_view name;
    bool required = false;
    OptionType type = OptionType::text;
    std::string_view choices{};  ///< with a blank between
};

struct StimulusSpec {
    std::string_view kind;
    std::string_view does;  ///< one sentence for documentation
    std::span<const OptionSpec> options;
    std::string_view module{};  ///< of the kernel that it needs, where that is not built in
};

struct FeatureSpec {
    std::string_view name;
    std::string_view since;     ///< the first Linux that has it, e.g. "5.8"; for messages
    std::string_view module{};  ///< that brings it
};

[[nodiscard]] std::span<const StimulusSpec> stimulus_specs();
/// What stands before the gadget and the steps, and goes with the test.
[[nodiscard]] std::span<const StimulusSpec> fixture_specs();
/// Options that every stimulus takes: who does it, and where.
[[nodiscard]] std::span<const OptionSpec> common_options();
[[nodiscard]] std::span<const FeatureSpec> feature_specs();
/// The keys of a scenario.
[[nodiscard]] std::span<const std::string_view> scenario_keys();
/// How a runner shows rows: the first is what scenarios have unless they say otherwise.
[[nodiscard]] std::span<const std::string_view> output_modes();

}  // namespace gadget::testkit
