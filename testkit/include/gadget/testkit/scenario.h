// SPDX-License-Identifier: Apache-2.0
// Scenarios: what a gadget must report when this and that happens, as YAML (test/*.yaml of a gadget's
// folder).
//
//   name: a failing open is reported
//   requires: [tracepoint, ringbuf]          # kernel features; the scenario is skipped where one is missing
//   params: {failed: true, pid: "${opener.pid}"}
//   fixtures:                                # in order, before everything else; they go with the test
//     - file: {path: "${tmp}/there", content: "x"}
//     - netns:
//       id: other
//   steps:                                   # in order, each in a process of its own that exists before the
//   gadget starts
//     - open: {path: "${tmp}/nothing", error: ENOENT}
//       id: opener
//       uid: 1000
//       netns: other                         # where it happens; likewise cgroup
//   defer:                                   # steps after the gadget, whatever became of the test
//     - remove: {path: "${tmp}/there"}
//   expect:
//     - event: {fname: "${tmp}/nothing", error: ENOENT, proc.pid: "${opener.pid}", proc.creds.uid: 1000}
//       count: 1                             # or {min: 1, max: 3}; at least one when left out
//     - order: [{fname: /a}, {fname: /b}]    # events that come in this order, others may be between them
//     - none: {error: ""}
//   messages: [lost]                         # words that the gadget must say on standard error
//   pause: true                              # the gadget does not run while the steps do
//   timeout: 10                              # seconds; emulated machines get four times as many
//   output: columns                          # each line that is printed is an event {line: TEXT}
//
// In the place of steps and what belongs to them "replay: FILE" shows a recorded run (gadget run --record),
// which needs neither root nor a kernel; params are then options of gadget run, such as filter.
//
// A field is compared with a value; with one of a list of values; or with {regex: R}, {contains: T}, {min: N,
// max: M}, {not: V}, {absent: true}. ${tmp} is a folder that anyone may write to, ${ID.pid} the process of
// step ID, ${mntns} and ${netns} the namespaces of the test, ${program} the executable that does the steps.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gadget/support/diagnostic.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"

namespace gadget::testkit {

/// How one field of an event must be.
struct FieldMatch {
    enum class Kind : std::uint8_t { equals, one_of, regex, contains, range, not_equals, absent };
    std::string field;  ///< dotted path into the JSON row: "proc.creds.uid"
    Kind kind = Kind::equals;
    std::vector<std::string>
        values;  ///< one for equals, regex, contains and not_equals; variables not replaced yet
    double minimum = -std::numeric_limits<double>::infinity();
    double maximum = std::numeric_limits<double>::infinity();
};

/// How many events must match all of `fields`; or, when there is an `order`, which events must come one after
/// the other.
struct Expectation {
    std::vector<FieldMatch> fields;
    std::vector<std::vector<FieldMatch>> order{};
    std::uint64_t minimum = 1;
    std::uint64_t maximum = std::numeric_limits<std::uint64_t>::max();
    SourceRange where;
};

/// One thing that happens while the gadget runs; or a fixture.
struct Step {
    std::string id;    ///< unique in the scenario; "step1", "step2", ... when none was given
    std::string kind;  ///< "open", "exec", ...
    std::map<std::string, std::string> options;
};

struct Scenario {
    std::string name;
    std::string description;
    std::string file;
    std::vector<std::pair<std::string, std::string>> params;
    std::vector<std::string> features;
    std::vector<Step> fixtures{};
    std::vector<Step> steps;
    std::vector<Step> cleanup{};  ///< "defer"
    std::string replay{};         ///< name of a recording beside the scenario; there are no steps then
    Bytes recording{};            ///< its content, of load_scenarios()
    std::string output = "json";  ///< how the gadget shows its rows
    std::string raw_program{};    ///< not from a file: only load and attach this program, without the runtime
    std::vector<Expectation> expectations;
    std::vector<std::string> messages;  ///< each is in a line that the gadget writes to standard error
    bool pause = false;                 ///< the gadget is stopped while the steps run: its buffers overflow
    unsigned timeout_seconds = 10;      ///< on hardware; emulated machines get more
};

/// Reads one scenario. Findings (unknown keys, stimuli and features, with line and column) go to `sink`; with
/// one of severity error the result is `rejected_input`. `file` is only a name.
Result<Scenario> parse_scenario(std::string_view text, const std::string& file, DiagnosticSink& sink);

/// The scenarios in `folder`/*.yaml, sorted by file name; also when findings were reported for some of them,
/// the error is returned after all were read. Names must be unique. `not_found` when there is none.
Result<std::vector<Scenario>> load_scenarios(const std::filesystem::path& folder, DiagnosticSink& sink);

/// The JSON schema (draft 2020-12) of scenario files, for editors: what it refuses, parse_scenario() refuses
/// too.
[[nodiscard]] std::string scenario_schema();

}  // namespace gadget::testkit
