// SPDX-License-Identifier: Apache-2.0
#include "gadget/testkit/running_gadget.h"

#include <signal.h>
#include <sys/eventfd.h>

#include <charconv>
#include <ostream>

#include "gadget/support/text.h"
#include "guest/features.h"
#include "guest/gadget_process.h"
#include "row_field.h"

namespace gadget::testkit {
namespace {

using guest::Clock;
using std::chrono::milliseconds;

constexpr milliseconds kStopTimeout{15'000};
constexpr std::size_t kShownMessages = 5;
/// Of a gadget whose test is gone.
constexpr const char* kOwnTimeoutSeconds = "3600";

std::vector<std::string> command_line(const GadgetUnderTest& gadget, const RunningGadget::Params& params) {
    std::vector<std::string> argv{gadget.runner.string(), "run", gadget.object.string(), "-o", "json"};
    if (!gadget.manifest.empty()) argv.insert(argv.end(), {"--manifest", gadget.manifest.string()});
    argv.insert(argv.end(), {"--timeout", kOwnTimeoutSeconds});
    for (const auto& [name, value] : params) argv.push_back("--" + name + "=" + value);
    return argv;
}

}  // namespace

Result<std::vector<Row>> Row::parse(std::string_view line) {
    GADGET_TRY_ASSIGN(auto objects, objects_of_row(line));
    std::vector<Row> rows;
    for (auto& object : objects) rows.push_back(Row(std::move(object)));
    return rows;
}

std::optional<std::string> Row::text(std::string_view field) const {
    return field_of_row(json_, field);
}

std::optional<double> Row::number(std::string_view field) const {
    const auto value = text(field);
    if (!value || value->empty()) return std::nullopt;
    double number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc{} || end != value->data() + value->size()) return std::nullopt;
    return number;
}

std::ostream& operator<<(std::ostream& out, const Row& row) {
    return out << row.json();
}

struct RunningGadget::State {
    std::optional<guest::GadgetProcess> process;
    UniqueFd news;  ///< readable when rows came: ends a wait
    std::vector<Row> rows;
    std::vector<std::string> messages;
    std::optional<Error> bad_row;

    void take_row(std::string_view line) {
        auto some = Row::parse(line);
        if (some) {
            for (auto& row : *some) rows.push_back(std::move(row));
        } else if (!bad_row) {
            bad_row = std::move(some).error();
        }
        (void)::eventfd_write(news.get(), 1);
    }

    void pump(Clock::time_point deadline) {
        process->pump(deadline, news.get());
        eventfd_t ignored = 0;
        if (process->extra_ready()) (void)::eventfd_read(news.get(), &ignored);
    }

    void end_within(milliseconds time) {
        const auto deadline = Clock::now() + time;
        while (!process->ended() && Clock::now() < deadline) pump(deadline);
    }

    /// What the gadget said last, for an error message.
    [[nodiscard]] std::string last_words() const {
        std::string text;
        const auto first = messages.size() > kShownMessages ? messages.size() - kShownMessages : 0;
        for (auto i = first; i < messages.size(); ++i) text += "\n" + printable(messages[i]);
        return text.empty() ? "; it said nothing" : ":" + text;
    }
};

RunningGadget::RunningGadget(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunningGadget::RunningGadget(RunningGadget&&) noexcept = default;
RunningGadget& RunningGadget::operator=(RunningGadget&&) noexcept = default;
RunningGadget::~RunningGadget() = default;

Result<RunningGadget> RunningGadget::start(const GadgetUnderTest& gadget, const Params& params,
                                           milliseconds timeout) {
    auto state = std::make_unique<State>();
    state->news = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!state->news) return errno_error(errno, "cannot create an eventfd");
    auto* const raw = state.get();
    GADGET_TRY_ASSIGN(state->process,
                      guest::GadgetProcess::start(
                          command_line(gadget, params),
                          {.row = [raw](std::string_view line) { raw->take_row(line); },
                           .log = [raw](std::string_view line) { raw->messages.emplace_back(line); }}));
    const auto deadline = Clock::now() + timeout;
    auto& process = *state->process;
    while (!process.ready() && !process.ended() && Clock::now() < deadline) state->pump(deadline);
    if (process.ended()) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "the gadget ended before it was attached, with " +
                                process.status()->to_string() + state->last_words()};
    }
    if (!process.ready()) {
        return Error{.code = ErrorCode::timed_out,
                     .message = "the gadget was not attached within " + std::to_string(timeout.count()) +
                                " ms" + state->last_words()};
    }
    return RunningGadget(std::move(state));
}

bool RunningGadget::wait(const std::function<bool(const std::vector<Row>&)>& enough, milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    while (!enough(state_->rows)) {
        if (state_->process->ended() || Clock::now() >= deadline) return false;
        state_->pump(deadline);
    }
    return true;
}

Result<void> RunningGadget::stop() {
    auto& process = *state_->process;
    process.signal(SIGINT);
    state_->end_within(kStopTimeout);
    if (!process.ended()) {
        process.signal(SIGKILL);
        state_->end_within(kStopTimeout);
        return Error{.code = ErrorCode::timed_out,
                     .message = "the gadget did not end when it was told to" + state_->last_words()};
    }
    if (state_->bad_row) return *state_->bad_row;
    if (!process.status()->success()) {
        return Error{
            .code = ErrorCode::io,
            .message = "the gadget ended with " + process.status()->to_string() + state_->last_words()};
    }
    return {};
}

const std::vector<Row>& RunningGadget::rows() const {
    return state_->rows;
}
const std::vector<std::string>& RunningGadget::messages() const {
    return state_->messages;
}

std::string missing_kernel_feature(std::string_view feature) {
    return guest::missing_feature(feature);
}

}  // namespace gadget::testkit
