// SPDX-License-Identifier: Apache-2.0
// --trace-pipe: what bpf_printk() says, while a gadget runs.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "gadget/support/result.h"

namespace gadget::cli {

class TracePipe {
  public:
    /// Gets each line, without its end; called by the pipe's own thread.
    using Line = std::function<void(std::string_view line)>;

    /// Reads `file` until it is destroyed. `unsupported` when there is no such file.
    static Result<std::unique_ptr<TracePipe>> start(const std::filesystem::path& file, Line line);

    TracePipe(const TracePipe&) = delete;
    TracePipe& operator=(const TracePipe&) = delete;
    ~TracePipe();

  private:
    struct Impl;
    explicit TracePipe(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// trace_pipe where tracefs is mounted; where it should be, if it is not.
[[nodiscard]] std::filesystem::path trace_pipe_file();

}  // namespace gadget::cli
