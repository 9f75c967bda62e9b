// SPDX-License-Identifier: Apache-2.0
// One 'gadget run': a session or a recording on one side, text on the other.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "commands.h"
#include "gadget/session.h"
#include "run_metrics.h"
#include "run_output.h"
#include "run_record.h"
#include "run_trace_pipe.h"

namespace gadget::cli {

class RunSession {
  public:
    /// Runs `gadget` until interrupted, timed out or told enough, and tells what was lost.
    static Result<void> run(session::Gadget gadget, const RunOptions& options, const Context& context);
    /// Shows the rows of options.replay_file.
    static Result<void> replay(const RunOptions& options, const Context& context);

  private:
    RunSession(const RunOptions& options, const Context& context) : options_(options), context_(context) {}

    Result<void> open(session::Gadget gadget);
    Result<void> open_outputs(const RunOutput::Sources& sources);
    Result<void> loop();
    Result<void> finish(Result<void> outcome);
    Result<void> play(session::Replay& replay);
    void take(const session::Delivery& delivery);
    void tell_losses(const std::vector<session::Loss>& losses) const;
    [[nodiscard]] bool enough() const;
    [[nodiscard]] std::optional<std::chrono::milliseconds> patience() const;

    using Clock = std::chrono::steady_clock;
    const RunOptions& options_;
    const Context& context_;
    std::unique_ptr<session::Session> session_;
    std::optional<RunOutput> output_;
    std::optional<RunRecorder> recorder_;
    std::mutex output_lock_;                 ///< the metrics server asks for text while rows come
    std::unique_ptr<MetricsServer> server_;  ///< last, with the next one: their threads end first
    std::unique_ptr<TracePipe> trace_pipe_;
    Clock::time_point deadline_{};
};

/// What the words on the command line mean for the session; options for one source are taken out of
/// options.params. `params`: of the gadget.
Result<session::Options> session_options(const RunOptions& options,
                                         const std::vector<session::Param>& params);
Result<session::ViewOptions> view_options(const RunOptions& options, std::vector<std::string>& words);

}  // namespace gadget::cli
