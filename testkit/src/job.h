// SPDX-License-Identifier: Apache-2.0
// What the agent shall do, as the host writes it and the guest reads it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::testkit {

/// One action of a test, done by a process of its own that exists before the gadget starts.
struct JobStep {
    std::string id;    ///< for ${id.pid}
    std::string kind;  ///< a name of the stimulus table
    std::map<std::string, std::string> options;
};

/// What a test runs.
enum class JobKind : std::uint8_t {
    gadget,    ///< the gadget, with steps
    command,   ///< `argv`, to its end
    terminal,  ///< `argv` with the console as its terminal: nothing is reported
    replay,    ///< a recorded run through the gadget's runner, to its end
};

struct JobTest {
    std::string id;
    JobKind kind = JobKind::gadget;
    std::vector<std::string> argv;         ///< of a command
    std::vector<std::string> environment;  ///< of a command, "NAME=VALUE"
    std::string object;                    ///< path
    std::string manifest;                  ///< path, may be empty
    std::string recording;                 ///< path, of a replay
    std::string output = "json";           ///< how the runner shows its rows
    std::vector<std::pair<std::string, std::string>> params;
    std::vector<std::string> features;  ///< needed; the test is skipped when one is missing
    std::vector<JobStep> fixtures;      ///< made before anything else, names of the fixture table
    std::vector<JobStep> steps;
    std::vector<JobStep> cleanup;  ///< after the gadget, whatever came before
    bool pause = false;            ///< the gadget is stopped while the steps run
    bool isolated = false;         ///< in namespaces and a control group of its own
    std::uint32_t timeout_ms = 10'000;
};

struct Job {
    std::string nonce;
    std::string program;               ///< path of the executable that runs gadgets
    std::vector<std::string> modules;  ///< paths, in loading order
    std::vector<JobTest> tests;
    /// Names of modules that the tests need beside those of the machine. Not a part of the text: who packs
    /// the machine makes `modules` of them.
    std::vector<std::string> wanted_modules{};
};

/// Name of the virtio-serial port that carries the frames.
inline constexpr std::string_view kPortName = "gadgetkit.results";
/// Where the init finds its job.
inline constexpr const char* kJobPath = "/gadgetkit/job";

[[nodiscard]] std::string encode_job(const Job& job);
Result<Job> parse_job(std::string_view text);

}  // namespace gadget::testkit
