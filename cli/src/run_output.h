// SPDX-License-Identifier: Apache-2.0
// The rows of all sources as text: one writer for each, as the user and the gadget's metadata want it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gadget/events.h"
#include "gadget/session.h"
#include "run_options.h"
#include "run_print.h"
#include "terminal.h"

namespace gadget::cli {

enum class OutputMode { columns, json, json_pretty, yaml, histogram, pcap_ng, text, none };

class RunOutput {
  public:
    using Sources = std::vector<std::unique_ptr<session::Source>>;

    /// `invalid_argument`: a mode that does not exist; `rejected_input`: options that do not fit a source.
    static Result<RunOutput> create(const Sources& sources, const RunOptions& options, Terminal& terminal,
                                    CancelToken cancel);

    /// What stands before all rows.
    void begin();
    /// Rows of source number `index`.
    void take(const session::Delivery& delivery);
    /// Draws histograms again when it is time; to be called between two waits.
    void tick();
    /// How long to wait at most until the next tick(); nullopt: there is nothing to draw.
    [[nodiscard]] std::optional<std::chrono::milliseconds> patience() const;
    void end();
    void flush();

    [[nodiscard]] std::uint64_t printed() const { return printed_; }
    /// Bytes that were not printed, because the run was interrupted while nobody read them.
    [[nodiscard]] std::uint64_t dropped_bytes() const { return dropped_bytes_; }
    /// The metrics of all sources, for Prometheus.
    [[nodiscard]] std::string metrics_text() const;

  private:
    struct Writer {
        OutputMode mode = OutputMode::none;
        bool clears_screen = false;
        bool changed = false;  ///< histogram: since it was drawn
        std::optional<events::JsonWriter> json{};
        std::optional<events::ColumnsWriter> columns{};
        std::optional<events::PcapngWriter> pcap{};
        std::optional<events::MetricsCollector> metrics{};
        std::vector<events::FieldReader> texts{};
    };

    RunOutput(Terminal& terminal, CancelToken cancel, std::uint64_t limit)
        : terminal_(&terminal), printer_(terminal, cancel), limit_(limit) {}
    Result<Writer> make_writer(const session::Source& source, const RunOptions& options);
    static Result<void> open_writer(const session::Source& source, const std::string& fields, unsigned width,
                                    Writer& writer);
    void write_columns(Writer& writer, const session::Delivery& delivery);
    void draw(Writer& writer);

    Terminal* terminal_;
    PatientPrinter printer_;
    std::uint64_t limit_;
    std::vector<Writer> writers_;
    std::string out_;
    std::uint64_t printed_ = 0;
    std::uint64_t dropped_bytes_ = 0;
    std::size_t shown_ = SIZE_MAX;  ///< whose header stands above the rows
    std::chrono::steady_clock::time_point next_drawing_{};
};

/// "columns", "json", ...: for help and errors.
[[nodiscard]] std::string_view to_string(OutputMode mode);

}  // namespace gadget::cli
