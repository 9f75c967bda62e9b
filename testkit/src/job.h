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
    gadget,   ///< the gadget, with steps
    command,  ///< `argv`, to its end
};

struct JobTest {
    std::string id;
    JobKind kind = JobKind::gadget;
    std::vector<std::string> argv;         ///< of a command
    std::vector<std::string> environment;  ///< of a command, "NAME=VALUE"
    std::string object;                    ///< path
    std::string manifest;                  ///< path, may be empty
    std::vector<std::pair<std::string, std::string>> params;
    std::vector<std::string> features;  ///< needed; the test is skipped when one is missing
    std::vector<JobStep> steps;
    bool pause = false;  ///< the gadget is stopped while the steps run
    std::uint32_t timeout_ms = 10'000;
};

struct Job {
    std::string nonce;
    std::string program;               ///< path of the executable that runs gadgets
    std::vector<std::string> modules;  ///< paths, in loading order
    std::vector<JobTest> tests;
};

/// Name of the virtio-serial port that carries the frames.
inline constexpr std::string_view kPortName = "gadgetkit.results";
/// Where the init finds its job.
inline constexpr const char* kJobPath = "/gadgetkit/job";

[[nodiscard]] std::string encode_job(const Job& job);
Result<Job> parse_job(std::string_view text);

}  // namespace gadget::testkit
