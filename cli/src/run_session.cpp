// SPDX-License-Identifier: Apache-2.0
#include "run_session.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "gadget/support/text.h"
#include "run_filter.h"

namespace gadget::cli {
namespace {

using std::chrono::milliseconds;

Result<void> tell_ready(int fd) {
    if (fd < 0) return {};
    return write_all(fd, as_bytes("\n"), "cannot write to the descriptor of --ready-fd");
}

}  // namespace

Result<void> RunSession::run(session::Gadget gadget, const RunOptions& options, const Context& context) {
    RunSession run(options, context);
    GADGET_TRY(run.open(std::move(gadget)));
    run.output_->begin();
    GADGET_TRY(run.session_->start([&run](const session::Delivery& delivery) { run.take(delivery); }));
    GADGET_TRY(tell_ready(options.ready_fd));
    return run.finish(run.loop());
}

Result<void> RunSession::open(session::Gadget gadget) {
    GADGET_TRY_ASSIGN(const auto params, session::all_params(gadget));
    GADGET_TRY_ASSIGN(auto wishes, session_options(options_, params));
    wishes.on_warning = [this](const std::string& text) {
        context_.terminal.say("gadget: warning: " + printable(text));
    };
    wishes.compile_packet_filter = [](const std::string& expression) {
        return compile_packet_filter(find_filter_program(), expression);
    };
    GADGET_TRY_ASSIGN(session_, session::Session::open(std::move(gadget), std::move(wishes)));
    GADGET_TRY(open_outputs(session_->sources()));
    if (options_.trace_pipe) {
        GADGET_TRY_ASSIGN(trace_pipe_, TracePipe::start(trace_pipe_file(), [](std::string_view line) {
                              const std::string text = printable(line) + "\n";
                              (void)write_all(STDERR_FILENO, as_bytes(text), "standard error");
                          }));
    }
    if (!options_.record_file.empty()) {
        GADGET_TRY_ASSIGN(recorder_, RunRecorder::create(options_.record_file, *session_));
    }
    return {};
}

Result<void> RunSession::open_outputs(const RunOutput::Sources& sources) {
    GADGET_TRY_ASSIGN(output_, RunOutput::create(sources, options_, context_.terminal, context_.cancel));
    if (options_.metrics_address.empty()) return {};
    GADGET_TRY_ASSIGN(server_, MetricsServer::start(options_.metrics_address, [this] {
                          const std::lock_guard lock(output_lock_);
                          return output_->metrics_text();
                      }));
    context_.terminal.say("gadget: metrics at http://" + server_->address() + "/metrics");
    return {};
}

Result<void> RunSession::loop() {
    deadline_ = Clock::now() + options_.timeout;
    while (!enough() && !session_->finished()) {
        const auto wait = patience();
        if (wait && wait->count() <= 0 && options_.timeout.count() > 0 && Clock::now() >= deadline_)
            return {};
        const auto done = session_->poll(wait.value_or(milliseconds(-1)), context_.cancel);
        if (!done && done.error().code == ErrorCode::cancelled) return {};
        GADGET_TRY(done);
        const std::lock_guard lock(output_lock_);
        output_->tick();
    }
    return {};
}

Result<void> RunSession::finish(Result<void> outcome) {
    const bool failed = !outcome;
    Result<void> stopped = session_->stop();
    output_->end();
    tell_losses(session_->losses());
    if (recorder_) {
        Result<void> recorded = recorder_->finish(session_->losses());
        if (stopped) stopped = std::move(recorded);
    }
    return failed ? std::move(outcome) : std::move(stopped);
}

Result<void> RunSession::replay(const RunOptions& options, const Context& context) {
    RunSession run(options, context);
    std::vector<std::string> words = options.params;
    GADGET_TRY_ASSIGN(const auto view, view_options(options, words));
    if (!words.empty()) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "unknown option '" + printable(words.front()) + "'",
                     .hint = "the parameters of a gadget cannot be changed after the recording"};
    }
    const UniqueFd file(::open(options.replay_file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return errno_error(errno, "cannot open '" + options.replay_file.string() + "'");
    const auto read = [&](std::span<std::byte> buffer) -> Result<std::size_t> {
        const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
        if (count < 0) return errno_error(errno, "cannot read '" + options.replay_file.string() + "'");
        return static_cast<std::size_t>(count);
    };
    GADGET_TRY_ASSIGN(const auto replay, session::Replay::open(read, view, session::machine_environment()));
    GADGET_TRY(run.open_outputs(replay->sources()));
    return run.play(*replay);
}

Result<void> RunSession::play(session::Replay& replay) {
    output_->begin();
    Result<bool> more = true;
    while (more && *more && !enough() && !context_.cancel.requested())
        more = replay.step([this](const session::Delivery& delivery) { take(delivery); });
    output_->end();
    tell_losses(replay.losses());
    return more ? Result<void>() : std::move(more).error();
}

void RunSession::take(const session::Delivery& delivery) {
    const std::lock_guard lock(output_lock_);
    if (recorder_) recorder_->take(delivery);
    output_->take(delivery);
}

void RunSession::tell_losses(const std::vector<session::Loss>& losses) const {
    if (output_->dropped_bytes() > 0) {
        context_.terminal.say("gadget: warning: the last " + std::to_string(output_->dropped_bytes()) +
                              " bytes were not printed: nobody read them");
    }
    for (const auto& loss : losses) {
        context_.terminal.say("gadget: warning: lost " + std::to_string(loss.count) + " events of '" +
                              printable(loss.source) + "': they came faster than they were read");
    }
}

bool RunSession::enough() const {
    const bool counted = options_.max_events != 0 && output_->printed() >= options_.max_events;
    return counted || context_.terminal.output_failed();
}

/// How long poll() may wait: until the run's end or the next drawing; nullopt: for ever.
std::optional<milliseconds> RunSession::patience() const {
    auto wait = output_->patience();
    if (options_.timeout.count() == 0) return wait;
    const auto left = std::max(std::chrono::ceil<milliseconds>(deadline_ - Clock::now()), milliseconds(0));
    return wait ? std::min(*wait, left) : left;
}

}  // namespace gadget::cli
