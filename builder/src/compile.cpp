// SPDX-License-Identifier: Apache-2.0
// The parent's side: starts a compiler process for each request, waits for them with an eye on the clock and
// on the user, and turns what they wrote into objects, findings and errors.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <thread>

#include "child_process.h"
#include "compile_job.h"
#include "external_clang.h"
#include "findings.h"
#include "gadget/builder.h"
#include "gadget/support/files.h"
#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"
#include "object_cache.h"
#include "source_check.h"
#include "stack_dump.h"
#include "wire.h"

namespace gadget::builder {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxStream = std::size_t{256} << 20;
constexpr std::size_t kMaxErrorText = std::size_t{1} << 20;

// What one request came to.
struct Outcome {
    Output output;  // symbols with virtual paths
    std::vector<Diagnostic> findings;
    std::vector<Lookup> lookups;
    std::string phase;
    std::optional<ChildStatus> status;
    std::optional<Error> failure;  // the process did not do its work
};

std::string name_of(const Request& request) {
    return "'" + request.source.string() + "' for " + std::string(model::to_string(request.arch));
}

std::vector<std::string> as_strings(std::span<const std::filesystem::path> paths) {
    std::vector<std::string> strings;
    for (const auto& path : paths) strings.push_back(path.string());
    return strings;
}

ChildRequest message_of(const Request& request, bool report_lookups) {
    return {request.source.string(),
            request.arch,
            as_strings(request.include_dirs),
            request.defines,
            request.warnings,
            request.whole_kernel_header,
            report_lookups,
            request.folder.string(),
            request.options};
}

Result<ChildProcess> start(const ChildRequest& message, const Options& options) {
    return start_child(options, "__compile", as_bytes(encode(message)));
}

void take_records(std::string_view stream, Outcome& outcome) {
    while (const auto record = take_record(stream)) {
        switch (record->kind) {
            case RecordKind::phase:
                outcome.phase = record->payload;
                break;
            case RecordKind::diagnostic:
                if (auto finding = decode_diagnostic(record->payload))
                    outcome.findings.push_back(std::move(*finding));
                break;
            case RecordKind::note:
                if (auto note = decode_note(record->payload); note && !outcome.findings.empty()) {
                    outcome.findings.back().notes.push_back(std::move(*note));
                }
                break;
            case RecordKind::lookup:
                if (auto lookup = decode_lookup(record->payload))
                    outcome.lookups.push_back(std::move(*lookup));
                break;
            case RecordKind::input:
                outcome.output.inputs.emplace_back(record->payload);
                break;
            case RecordKind::symbol:
                if (auto symbol = decode_symbol(record->payload))
                    outcome.output.symbols.push_back(std::move(*symbol));
                break;
            case RecordKind::object: {
                const auto bytes = as_bytes(record->payload);
                outcome.output.object.assign(bytes.begin(), bytes.end());
                break;
            }
            case RecordKind::status:
                if (!record->payload.empty())
                    outcome.status = static_cast<ChildStatus>(record->payload.front());
                break;
        }
    }
}

// Why a process ended without a status.
Error describe_death(const Request& request, const Options& options, const ExitStatus& exit,
                     const Outcome& outcome, std::string_view error_text) {
    const bool memory = error_text.find("out of memory") != error_text.npos ||
                        error_text.find("bad_alloc") != error_text.npos || exit.signal == SIGKILL;
    std::string where = outcome.phase.empty() ? std::string() : " while " + outcome.phase;
    if (const std::string function = function_in_stack_dump(error_text); !function.empty())
        where += " in function '" + function + "'";
    if (memory) {
        return {ErrorCode::rejected_input,
                "the compiler ran out of memory on " + name_of(request) + where + " (limit " +
                    human_bytes(options.memory_limit) + ")",
                "look for macros or includes that repeat themselves"};
    }
    if (exit.signal == SIGXCPU) {
        return {ErrorCode::timed_out, "the compiler did not come to an end on " + name_of(request) + where,
                ""};
    }
    const bool explained =
        std::any_of(outcome.findings.begin(), outcome.findings.end(),
                    [](const Diagnostic& finding) { return finding.severity == Severity::error; });
    if (explained) return {ErrorCode::rejected_input, name_of(request) + " does not compile", ""};
    if (exit.signal != 0) {
        return {
            ErrorCode::rejected_input,
            "the compiler crashed on " + name_of(request) + where + " (" + exit.to_string() + ")",
            "this is a defect of the compiler: leave out parts of the program to find the one it dies of"};
    }
    return {ErrorCode::internal,
            "'" + options.compiler.string() + "' is not a compiler of this version: it ended with " +
                exit.to_string() + " on " + name_of(request),
            ""};
}

Outcome collect(const Request& request, const Options& options, ChildProcess& child) {
    Outcome outcome;
    outcome.output.arch = request.arch;
    const auto exit = child.process.wait();
    if (!exit) return outcome.failure = exit.error(), outcome;
    const auto stream = content_of(child.records, kMaxStream, "result of the compiler");
    if (!stream) return outcome.failure = stream.error(), outcome;
    take_records(as_text(*stream), outcome);
    if (exit->success() && outcome.status) return outcome;
    const auto error_text = content_of(child.error_text, kMaxErrorText, "messages of the compiler");
    outcome.failure = describe_death(request, options, *exit, outcome,
                                     error_text ? as_text(*error_text) : std::string_view());
    return outcome;
}

// Runs all requests, `jobs` at a time.
class Run {
  public:
    Run(std::span<const Request> requests, const Options& options)
        : requests_(requests),
          options_(options),
          cache_(options.compiler == Options().compiler ? options.cache_dir : std::filesystem::path()),
          children_(requests.size()),
          outcomes_(requests.size()) {
        jobs_ = options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
    }

    /// An error ends all processes with this object.
    Result<std::vector<Outcome>> finish() {
        while (next_ < requests_.size() || running_ > 0) {
            while (next_ < requests_.size() && running_ < jobs_) {
                const std::size_t index = next_++;
                if (find_in_cache(index)) continue;
                GADGET_TRY_ASSIGN(ChildProcess child,
                                  start(message_of(requests_[index], cache_.enabled()), options_));
                children_[index].emplace(std::move(child));
                ++running_;
            }
            if (running_ > 0) GADGET_TRY(wait_for_one());
        }
        return std::move(outcomes_);
    }

  private:
    bool find_in_cache(std::size_t index) {
        if (!cache_.enabled()) return false;
        auto output = cache_.find(message_of(requests_[index], true));
        if (!output) return false;
        outcomes_[index].output = std::move(*output);
        outcomes_[index].status = ChildStatus::done;
        return true;
    }
    void finish_one(std::size_t index) {
        Outcome& outcome = outcomes_[index];
        outcome = collect(requests_[index], options_, *children_[index]);
        children_[index].reset();
        --running_;
        const bool clean = outcome.status == ChildStatus::done && outcome.findings.empty();
        if (clean && cache_.enabled())
            cache_.store(message_of(requests_[index], true), outcome.lookups, outcome.output);
    }

    Result<void> wait_for_one() {
        std::vector<pollfd> polled{{options_.cancel.fd, POLLIN, 0}};  // poll skips negative descriptors
        std::vector<std::size_t> indexes{0};
        auto deadline = Clock::time_point::max();
        for (std::size_t i = 0; i < children_.size(); ++i) {
            if (!children_[i]) continue;
            polled.push_back({children_[i]->process.pidfd(), POLLIN, 0});
            indexes.push_back(i);
            deadline = std::min(deadline, children_[i]->deadline);
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        const int timeout = static_cast<int>(std::clamp<long long>(left, 0, 3'600'000));
        if (::poll(polled.data(), polled.size(), timeout) < 0 && errno != EINTR) {
            return errno_error(errno, "cannot wait for the compiler");
        }
        if (polled[0].revents != 0) return Error{ErrorCode::cancelled, "compilation was interrupted"};
        for (std::size_t p = 1; p < polled.size(); ++p) {
            if (polled[p].revents != 0) {
                finish_one(indexes[p]);
            } else if (Clock::now() >= children_[indexes[p]]->deadline) {
                return Error{ErrorCode::timed_out,
                             "the compiler did not finish " + name_of(requests_[indexes[p]]) + " within " +
                                 std::to_string(options_.timeout.count()) + " ms",
                             "look for macros that expand without end, or raise the time limit"};
            }
        }
        return {};
    }

    std::span<const Request> requests_;
    const Options& options_;
    const ObjectCache cache_;
    std::vector<std::optional<ChildProcess>> children_;
    std::vector<Outcome> outcomes_;
    std::size_t next_ = 0;
    std::size_t running_ = 0;
    std::size_t jobs_ = 1;
};

// From the paths that the compiler sees to those that people know.
void name_files(const Request& request, std::vector<SymbolLocation>& symbols) {
    FileStore files;
    (void)make_job(message_of(request, false), files);
    for (SymbolLocation& symbol : symbols) {
        symbol.name.file = files.display_path(symbol.name.file);
        if (symbol.section) symbol.section->file = files.display_path(symbol.section->file);
    }
}

std::optional<Error> failure_of(std::span<const Request> requests, std::span<const Outcome> outcomes) {
    for (const Outcome& outcome : outcomes) {
        if (outcome.failure && outcome.failure->code != ErrorCode::rejected_input) return outcome.failure;
    }
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (outcomes[i].failure) return outcomes[i].failure;
        if (outcomes[i].status != ChildStatus::done) {
            return Error{ErrorCode::rejected_input, "'" + requests[i].source.string() + "' does not compile"};
        }
    }
    return std::nullopt;
}

// One after the other: clang of the machine is the way to compare, not the way to be fast.
Result<std::vector<Outcome>> compile_externally(std::span<const Request> requests, const Options& options) {
    GADGET_TRY_ASSIGN(const ExternalClang clang, probe_clang(options.clang));
    std::vector<Outcome> outcomes;
    for (const Request& request : requests) {
        pollfd cancelled{options.cancel.fd, POLLIN, 0};
        if (options.cancel.fd >= 0 && ::poll(&cancelled, 1, 0) > 0)
            return Error{ErrorCode::cancelled, "compilation was interrupted"};
        ExternalOutcome external = compile_with(clang, request, options);
        Outcome outcome;
        outcome.output = std::move(external.output);
        outcome.findings = std::move(external.findings);
        outcome.status = external.compiled ? ChildStatus::done : ChildStatus::rejected;
        outcome.failure = std::move(external.failure);
        outcomes.push_back(std::move(outcome));
    }
    return outcomes;
}

Result<std::vector<Outcome>> compile_all(std::span<const Request> requests, const Options& options) {
    if (!options.clang.empty()) return compile_externally(requests, options);
    return Run(requests, options).finish();
}

}  // namespace

Result<std::vector<Output>> compile(std::span<const Request> requests, const Options& options,
                                    DiagnosticSink& sink) {
    for (const Request& request : requests) GADGET_TRY(check_request(request));
    GADGET_TRY_ASSIGN(std::vector<Outcome> outcomes, compile_all(requests, options));
    std::vector<CompiledFindings> findings;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        findings.push_back({requests[i].source, requests[i].arch, std::move(outcomes[i].findings)});
    }
    for (Diagnostic& finding : merge_findings(std::move(findings))) sink.report(std::move(finding));
    if (auto failure = failure_of(requests, outcomes)) return std::move(*failure);
    std::vector<Output> outputs;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        name_files(requests[i], outcomes[i].output.symbols);
        outputs.push_back(std::move(outcomes[i].output));
    }
    return outputs;
}

}  // namespace gadget::builder
