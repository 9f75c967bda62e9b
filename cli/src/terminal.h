// SPDX-License-Identifier: Apache-2.0
// The only place that writes to stdout and stderr: results to the former, findings, progress and errors to
// the latter.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "gadget/support/diagnostic.h"
#include "gadget/support/progress.h"
#include "gadget/support/result.h"

namespace gadget::cli {

class Terminal final : public Progress {
  public:
    /// Looks at what stdout and stderr are, and at NO_COLOR, TERM and COLUMNS.
    Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() override { clear_progress(); }

    /// Results. A write that fails is remembered: see output_status().
    void print(std::string_view text);
    /// Words for people: never mixed into results.
    void say(std::string_view text);
    /// "gadget: error: ..." with hint. Returns the exit status that fits.
    int fail(const Error& error);
    /// Every finding with its source line and a summary line. `source` reads the files that findings name.
    void show(const DiagnosticList& findings, const SourceReader& source);

    void step(std::string_view text) override;
    void update(std::uint64_t done, std::uint64_t total) override;
    void set_quiet(bool quiet) { quiet_ = quiet; }

    /// kOk, or what a failed write to stdout means (a reader that went away is no failure).
    int output_status();
    [[nodiscard]] bool output_failed() const { return output_error_ != 0; }

    [[nodiscard]] unsigned width() const { return width_; }  ///< of stdout; 0 = not a terminal
    [[nodiscard]] bool color_out() const { return color_out_; }
    [[nodiscard]] bool color_err() const { return color_err_; }

  private:
    void clear_progress();

    unsigned width_ = 0;
    bool color_out_ = false;
    bool color_err_ = false;
    bool err_is_terminal_ = false;
    bool progress_shown_ = false;
    bool quiet_ = false;
    int output_error_ = 0;
    std::string step_;
};

/// Reads the source files that findings name.
[[nodiscard]] SourceReader file_source_reader();

}  // namespace gadget::cli
