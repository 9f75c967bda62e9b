// SPDX-License-Identifier: Apache-2.0
#include "run_output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "run_output_mode.h"

namespace gadget::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kFlushSize = 64 << 10;
constexpr std::chrono::milliseconds kDrawInterval{1000};
constexpr std::string_view kClearScreen = "\033[H\033[2J";

/// The width may have changed since the last screen.
unsigned current_width(const Terminal& terminal) {
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : terminal.width();
}

}  // namespace

Result<RunOutput> RunOutput::create(const Sources& sources, const RunOptions& options, Terminal& terminal,
                                    CancelToken cancel) {
    RunOutput output(terminal, cancel, options.max_events);
    GADGET_TRY(check_output_names(sources, options.output));
    for (const auto& source : sources) {
        GADGET_TRY_ASSIGN(Writer writer, output.make_writer(*source, options));
        output.writers_.push_back(std::move(writer));
    }
    const bool binary = std::any_of(output.writers_.begin(), output.writers_.end(),
                                    [](const Writer& writer) { return writer.mode == OutputMode::pcap_ng; });
    if (binary && terminal.width() > 0) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "a pcap-ng capture is no text for a terminal",
                     .hint = "write it to a file or a pipe: ... -o pcap-ng > capture.pcapng"};
    }
    return output;
}

Result<RunOutput::Writer> RunOutput::make_writer(const session::Source& source, const RunOptions& options) {
    Writer writer;
    GADGET_TRY_ASSIGN(const auto choice, choose_mode(source, options.output));
    writer.mode = choice.mode;
    if (!choice.remark.empty()) terminal_->say("gadget: warning: " + choice.remark);
    writer.clears_screen = terminal_->width() > 0 &&
                           (source.is_array() || writer.mode == OutputMode::histogram) &&
                           source.data.annotation("cli.clear-screen-before") == "true";
    const bool counted = writer.mode == OutputMode::histogram || !options.metrics_address.empty();
    if (counted) {
        GADGET_TRY_ASSIGN(writer.metrics, events::MetricsCollector::create(source.data));
    }
    if (writer.mode == OutputMode::histogram && !writer.metrics) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "data source '" + source.name() + "' has no field that makes a histogram"};
    }
    GADGET_TRY_ASSIGN(const auto fields, events::option_for_source(options.fields, ';', source.name()));
    GADGET_TRY(open_writer(source, fields.value_or(""), terminal_->width(), writer));
    return writer;
}

Result<void> RunOutput::open_writer(const session::Source& source, const std::string& fields, unsigned width,
                                    Writer& writer) {
    switch (writer.mode) {
        case OutputMode::columns: {
            GADGET_TRY_ASSIGN(writer.columns, events::ColumnsWriter::create(
                                                  source.data, {.terminal_width = width, .fields = fields}));
            return {};
        }
        case OutputMode::json:
            writer.json.emplace(source.data, events::TextFormat::json);
            return {};
        case OutputMode::json_pretty:
            writer.json.emplace(source.data, events::TextFormat::json_pretty);
            return {};
        case OutputMode::yaml:
            writer.json.emplace(source.data, events::TextFormat::yaml);
            return {};
        case OutputMode::pcap_ng: {
            GADGET_TRY_ASSIGN(writer.pcap, events::PcapngWriter::create(source.data));
            return {};
        }
        case OutputMode::text:
            for (const auto& field : source.data.fields()) {
                if (field.type != events::ValueType::text) continue;
                GADGET_TRY_ASSIGN(auto reader, events::FieldReader::create(source.data, field.path));
                writer.texts.push_back(std::move(reader));
            }
            return {};
        case OutputMode::histogram:
        case OutputMode::none:
            return {};
    }
    return {};
}

void RunOutput::begin() {
    const auto columns = std::count_if(writers_.begin(), writers_.end(),
                                       [](const Writer& writer) { return writer.columns.has_value(); });
    for (std::size_t i = 0; i < writers_.size(); ++i) {
        if (writers_[i].pcap) writers_[i].pcap->begin(out_);
        // A single header at once shows that the gadget runs; of several, the one whose rows come.
        if (writers_[i].columns && columns == 1 && !writers_[i].clears_screen) {
            out_ += writers_[i].columns->header();
            shown_ = i;
        }
    }
    next_drawing_ = Clock::now() + kDrawInterval;
    flush();
}

void RunOutput::take(const session::Delivery& delivery) {
    Writer& writer = writers_[delivery.index];
    auto rows = delivery.rows;
    if (limit_ > 0) rows = rows.first(std::min<std::uint64_t>(rows.size(), limit_ - printed_));
    if (writer.metrics) {
        for (const auto& row : rows) writer.metrics->add(row);
        writer.changed = true;
    }
    const bool ended = limit_ > 0 && printed_ == limit_;
    if (ended) return;
    if (writer.json && delivery.source.is_array()) {
        writer.json->append_batch(rows, out_);
    } else if (writer.columns) {
        write_columns(writer, {delivery.source, delivery.index, rows});
    } else {
        for (const auto& row : rows) {
            if (writer.json) writer.json->append(row, out_);
            if (writer.pcap) writer.pcap->append(row, out_);
            for (auto& text : writer.texts) text.append_text(row, out_);
            if (out_.size() >= kFlushSize) flush();
        }
    }
    if (writer.mode != OutputMode::none || writers_.size() == 1) printed_ += rows.size();
    if (out_.size() >= kFlushSize) flush();
}

void RunOutput::write_columns(Writer& writer, const session::Delivery& delivery) {
    if (writer.clears_screen) {
        writer.columns->set_terminal_width(current_width(*terminal_));
        out_ += kClearScreen;
    }
    if (writer.clears_screen || shown_ != delivery.index) out_ += writer.columns->header();
    shown_ = delivery.index;
    for (const auto& row : delivery.rows) {
        writer.columns->append(row, out_);
        if (out_.size() >= kFlushSize && !writer.clears_screen) flush();
    }
}

std::optional<std::chrono::milliseconds> RunOutput::patience() const {
    const bool draws = std::any_of(writers_.begin(), writers_.end(),
                                   [](const Writer& writer) { return writer.mode == OutputMode::histogram; });
    if (!draws) return std::nullopt;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_drawing_ - Clock::now());
    return std::max(left, std::chrono::milliseconds(0));
}

void RunOutput::tick() {
    if (Clock::now() >= next_drawing_) {
        for (auto& writer : writers_) draw(writer);
        next_drawing_ = Clock::now() + kDrawInterval;
    }
    flush();
}

void RunOutput::draw(Writer& writer) {
    if (writer.mode != OutputMode::histogram || !writer.changed) return;
    if (writer.clears_screen) out_ += kClearScreen;
    events::draw_histograms(writer.metrics->snapshot(), out_);
    writer.changed = false;
}

void RunOutput::end() {
    for (auto& writer : writers_) draw(writer);
    flush();
}

void RunOutput::flush() {
    dropped_bytes_ += printer_.print(out_);
    out_.clear();
}

std::string RunOutput::metrics_text() const {
    std::vector<events::Metric> metrics;
    for (const auto& writer : writers_) {
        if (!writer.metrics) continue;
        for (auto& metric : writer.metrics->snapshot()) metrics.push_back(std::move(metric));
    }
    std::string text;
    events::write_prometheus(metrics, text);
    return text;
}

}  // namespace gadget::cli
