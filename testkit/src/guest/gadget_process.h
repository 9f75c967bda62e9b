// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/result.h"
#include "gadget/support/subprocess.h"
#include "gadget/support/unique_fd.h"

namespace gadget::testkit::guest {

using Clock = std::chrono::steady_clock;

/// Receives the lines that a gadget prints.
struct GadgetOutput {
    std::function<void(std::string_view)> row;  ///< standard output
    std::function<void(std::string_view)> log;  ///< standard error
};

/// A running `gadget-run run`, its two output streams cut into lines, and its word that it is ready.
class GadgetProcess {
  public:
    /// `argv` without "--ready-fd N", which is added.
    static Result<GadgetProcess> start(std::vector<std::string> argv, GadgetOutput output);

    /// Any program: `options` without descriptors. It is never ready.
    static Result<GadgetProcess> start_command(SpawnOptions options, GadgetOutput output);

    /// Handles what the gadget does until `deadline`, until `extra` (-1: none) is readable, or until
    /// something changes: it becomes ready or it ends. Returns at once when it has ended.
    void pump(Clock::time_point deadline, int extra);

    [[nodiscard]] bool ready() const { return ready_; }
    [[nodiscard]] bool ended() const { return status_.has_value(); }
    [[nodiscard]] bool extra_ready() const { return extra_ready_; }  ///< what the last pump() saw
    [[nodiscard]] const std::optional<ExitStatus>& status() const { return status_; }
    void signal(int number) const { process_.kill(number); }

  private:
    struct Stream {
        UniqueFd fd;
        std::string pending;
        bool skipping = false;
    };
    GadgetProcess(Subprocess process, GadgetOutput output)
        : process_(std::move(process)), output_(std::move(output)) {}
    static void read_stream(Stream& stream, const std::function<void(std::string_view)>& line,
                            const std::function<void(std::string_view)>& last);
    void read_rows();
    void finish();

    Subprocess process_;
    GadgetOutput output_;
    Stream rows_;
    Stream log_;
    UniqueFd ready_pipe_;
    bool is_command_ = false;
    bool ready_ = false;
    bool extra_ready_ = false;
    std::optional<ExitStatus> status_;
};

}  // namespace gadget::testkit::guest
