// SPDX-License-Identifier: Apache-2.0
#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "exit_status.h"
#include "gadget/support/files.h"
#include "gadget/support/text.h"

namespace gadget::cli {
namespace {

constexpr int kStdout = 1;
constexpr int kStderr = 2;

unsigned terminal_width() {
    winsize size{};
    if (::ioctl(kStdout, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    if (const char* columns = std::getenv("COLUMNS")) {
        const long value = std::strtol(columns, nullptr, 10);
        if (value > 0 && value < 10000) return static_cast<unsigned>(value);
    }
    return 80;
}

bool is_dumb() {
    const char* term = std::getenv("TERM");
    return term != nullptr && std::string_view(term) == "dumb";
}

bool colors_wanted() {
    const char* no_color = std::getenv("NO_COLOR");
    return (no_color == nullptr || *no_color == '\0') && !is_dumb();  // no-color.org
}

void write_err(std::string_view text) {
    (void)write_all(kStderr, as_bytes(text), "stderr");  // nowhere left to complain
}

}  // namespace

Terminal::Terminal() : err_is_terminal_(::isatty(kStderr) == 1 && !is_dumb()) {
    const bool out_is_terminal = ::isatty(kStdout) == 1;
    if (out_is_terminal) width_ = terminal_width();
    color_out_ = out_is_terminal && colors_wanted();
    color_err_ = err_is_terminal_ && colors_wanted();
}

void Terminal::print(std::string_view text) {
    clear_progress();
    if (output_error_ != 0 || text.empty()) return;
    errno = 0;
    if (!write_all(kStdout, as_bytes(text), "cannot write the output")) output_error_ = errno;
}

void Terminal::say(std::string_view text) {
    if (quiet_) return;
    clear_progress();
    write_err(std::string(text) + "\n");
}

int Terminal::fail(const Error& error) {
    clear_progress();
    const std::string_view red = color_err_ ? "\033[1;31m" : "";
    const std::string_view reset = color_err_ ? "\033[0m" : "";
    Error bare = error;
    bare.hint.clear();
    std::string text = "gadget: " + std::string(red) + "error:" + std::string(reset) + " ";
    const std::string whole = bare.to_string();
    std::string message;
    for (const auto line : split(whole, '\n')) message += (message.empty() ? "" : "\n  ") + printable(line);
    text += message + "\n";
    if (!error.hint.empty()) text += "  hint: " + printable(error.hint) + "\n";
    write_err(text);
    return exit_status(error);
}

void Terminal::show(const DiagnosticList& findings, const SourceReader& source) {
    clear_progress();
    std::string text;
    for (const auto& finding : findings.all()) text += render(finding, source, {.color = color_err_});
    write_err(text);
}

void Terminal::step(std::string_view text) {
    if (quiet_) return;
    clear_progress();
    step_ = text;
    if (err_is_terminal_) {
        write_err(step_ + "...");
        progress_shown_ = true;
    } else {
        write_err(step_ + "\n");
    }
}

void Terminal::update(std::uint64_t done, std::uint64_t total) {
    if (quiet_ || !err_is_terminal_) return;
    std::string text = "\r\033[K" + step_ + "... " + human_bytes(done);
    if (total > 0) text += " of " + human_bytes(total);
    write_err(text);
    progress_shown_ = true;
}

void Terminal::clear_progress() {
    if (progress_shown_) write_err("\r\033[K");
    progress_shown_ = false;
}

int Terminal::output_status() {
    if (output_error_ == 0 || output_error_ == EPIPE) return kOk;
    return fail(errno_error(output_error_, "cannot write the output"));
}

SourceReader file_source_reader() {
    return [](const std::string& file) -> std::optional<std::string> {
        auto text = read_text_file(file);
        if (!text) return std::nullopt;
        return std::move(text).value();
    };
}

}  // namespace gadget::cli
