// SPDX-License-Identifier: Apache-2.0
// One run of a gadget on this kernel: data sources, their writers, and the Manager that feeds them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "gadget/events.h"
#include "gadget/runtime.h"
#include "params.h"

namespace gadget::cli {

class RunSession {
  public:
    /// Makes the writers and loads the programs; nothing is attached yet.
    static Result<std::unique_ptr<RunSession>> create(const LoadedGadget& gadget, const RunOptions& options,
                                                      std::vector<ParamValue> params, const Context& context);
    /// Attaches, prints until interrupted, timed out or told enough, detaches, and tells what was lost.
    Result<void> run();

    RunSession(const RunSession&) = delete;
    RunSession& operator=(const RunSession&) = delete;
    ~RunSession();

  private:
    struct Source;

    RunSession(const RunOptions& options, const Context& context);
    Result<void> add_source(const LoadedGadget& gadget, const model::ObjectFacts& facts,
                            const model::TracerFacts& tracer, runtime::ManagerSpec& spec);
    void take(Source& source, events::Record record);
    void flush();
    Result<void> loop();
    Result<void> tell_ready() const;
    void tell_losses();
    [[nodiscard]] bool enough() const { return options_.max_events != 0 && printed_ >= options_.max_events; }

    const RunOptions& options_;
    const Context& context_;
    std::vector<std::unique_ptr<Source>> sources_;
    std::unique_ptr<runtime::Manager> manager_;
    std::string out_;
    std::uint64_t printed_ = 0;
};

}  // namespace gadget::cli
