// SPDX-License-Identifier: Apache-2.0
// A gadget that runs on this kernel while a test of one's own makes things happen: its events as rows. For
// tests in C++; <gadget/testkit/gtest.h> has the fixture and the matchers. The kernel is that of this
// machine, or of a test machine when the test itself runs there (`gadget test --exec`, gadget_add_test()).
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gadget/support/result.h"

namespace gadget::testkit {

/// One event, as the gadget printed it.
class Row {
  public:
    /// The rows in a line of the gadget's output: one JSON object, or an array of them. `corrupt_data` for
    /// anything else.
    static Result<std::vector<Row>> parse(std::string_view line);

    /// The field at a dotted path, e.g. "proc.creds.uid": a string as it is, everything else as JSON. nullopt
    /// when the row has no such field.
    [[nodiscard]] std::optional<std::string> text(std::string_view field) const;
    /// text() as a number; nullopt when it is none.
    [[nodiscard]] std::optional<double> number(std::string_view field) const;
    [[nodiscard]] const std::string& json() const { return json_; }

  private:
    explicit Row(std::string json) : json_(std::move(json)) {}
    std::string json_;
};

/// How Google Test shows a row.
std::ostream& operator<<(std::ostream& out, const Row& row);

/// What is tested, and with what.
struct GadgetUnderTest {
    std::filesystem::path runner;    ///< gadget-run
    std::filesystem::path object;    ///< the eBPF object
    std::filesystem::path manifest;  ///< gadget.yaml; may be empty
    std::string kernel = "host";     ///< for messages
};

/// A child process that runs the gadget. The destructor kills it.
class RunningGadget {
  public:
    using Params = std::vector<std::pair<std::string, std::string>>;

    /// Starts the gadget and waits until all of its programs are attached. The Error has what the gadget said
    /// when it ended before that: `not_found` without the runner, `timed_out`, else `unsupported`.
    static Result<RunningGadget> start(const GadgetUnderTest& gadget, const Params& params,
                                       std::chrono::milliseconds timeout);
    RunningGadget(RunningGadget&&) noexcept;
    RunningGadget& operator=(RunningGadget&&) noexcept;
    ~RunningGadget();

    /// Takes rows until `enough` says so (true), or until `timeout` is over or the gadget ended (false).
    bool wait(const std::function<bool(const std::vector<Row>&)>& enough, std::chrono::milliseconds timeout);

    /// Tells the gadget to end, and takes what it has left to say. `timed_out` when it had to be killed,
    /// `corrupt_data` when it printed something else than rows, `io` with its words when it ended in failure.
    Result<void> stop();

    /// All rows so far.
    [[nodiscard]] const std::vector<Row>& rows() const;
    /// The lines that the gadget wrote to standard error.
    [[nodiscard]] const std::vector<std::string>& messages() const;

  private:
    struct State;
    explicit RunningGadget(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Whether this kernel does `feature`, a word that scenarios may use under `requires`; found out by using it.
/// Returns "" when it does, else the reason why not.
[[nodiscard]] std::string missing_kernel_feature(std::string_view feature);

}  // namespace gadget::testkit
