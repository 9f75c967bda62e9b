// SPDX-License-Identifier: Apache-2.0
#include "kernel_run.h"

#include <algorithm>
#include <charconv>

#include "gadget/support/text.h"
#include "guest/attach.h"
#include "vocabulary.h"

namespace gadget::testkit {
namespace {

using guest::kAttachRefused;
using guest::kLoadRefused;

constexpr std::size_t kMaxKept = std::size_t{8} << 20;  // of rows or messages, for each test
constexpr unsigned kSettleMs = 50;

void keep_line(std::string& text, std::string_view line) {
    if (text.size() + line.size() < kMaxKept) text.append(line).append("\n");
}

int to_int(const std::string& text) {
    int value = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// The last message that the gadget left, without what repeats in each: "gadget: error: ".
std::string last_message(const std::string& log) {
    std::string message;
    for (auto line : split(log, '\n')) {
        line = trim(line);
        if (line.empty()) continue;
        const bool error = line.find("error:") != std::string_view::npos;
        if (message.empty() || error) message = printable(line);
        if (error) break;
    }
    constexpr std::string_view kPrefix = "gadget: error: ";
    const auto start = message.find(kPrefix);
    return start == std::string::npos ? message : message.substr(start + kPrefix.size());
}

std::string since_text(std::string_view feature) {
    for (const auto& spec : feature_specs()) {
        if (spec.name == feature) return " (Linux " + std::string(spec.since) + ")";
    }
    return {};
}

void fail(TestResult& result, FailureClass failure, std::string message, std::string suggestion = {}) {
    result.outcome = Outcome::failed;
    result.failure = failure;
    result.message = std::move(message);
    result.suggestion = std::move(suggestion);
}

bool killed_for_memory(const std::vector<std::string>& problems) {
    return std::any_of(problems.begin(), problems.end(), [](const std::string& line) {
        return line.find("Out of memory") != std::string::npos;
    });
}

FailureClass class_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::guest_panic:
            return error.message.find("memory") != std::string::npos ? FailureClass::out_of_memory
                                                                     : FailureClass::guest_panic;
        case ErrorCode::boot_failed:
            return FailureClass::boot_failed;
        case ErrorCode::timed_out:
            return FailureClass::timed_out;
        case ErrorCode::unsupported:
            return FailureClass::no_machine;
        case ErrorCode::permission_denied:
            return FailureClass::no_permission;
        default:
            return FailureClass::truncated_result;
    }
}

/// A file name out of a scenario's name.
std::string slug(std::string_view name) {
    std::string text;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain) {
            text += c;
        } else if (!text.empty() && text.back() != '-') {
            text += '-';
        }
    }
    return text.substr(0, 80);
}

void keep_log(const std::filesystem::path& file, const std::string& text, TestResult& result) {
    if (!text.empty() && write_file_atomic(file, text)) result.logs.push_back(file);
}

/// Modules that bring what the test names.
std::vector<std::string> wanted_modules(const JobTest& test) {
    std::vector<std::string> names;
    const auto add = [&](std::string_view module) {
        if (!module.empty()) names.emplace_back(module);
    };
    for (const auto& spec : feature_specs()) {
        if (std::find(test.features.begin(), test.features.end(), spec.name) != test.features.end())
            add(spec.module);
    }
    const auto add_kinds = [&](std::span<const StimulusSpec> specs, const std::vector<JobStep>& steps) {
        for (const auto& step : steps) {
            for (const auto& spec : specs) add(spec.kind == step.kind ? spec.module : std::string_view());
        }
    };
    add_kinds(fixture_specs(), test.fixtures);
    add_kinds(stimulus_specs(), test.steps);
    add_kinds(stimulus_specs(), test.cleanup);
    return names;
}

}  // namespace

std::string recording_name(std::size_t test) {
    return "recording-" + std::to_string(test);
}

KernelRun::KernelRun(const KernelSelector& kernel, const std::vector<Scenario>& scenarios, Tell tell,
                     unsigned patience)
    : kernel_(kernel), tell_(std::move(tell)), patience_(patience) {
    for (const auto& scenario : scenarios) tests_.push_back({.scenario = &scenario});
}

KernelRun::Test* KernelRun::find(const Record& record) {
    if (record.size() < 2) return nullptr;
    std::size_t index = 0;
    const auto& id = record[1];
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), index);
    const bool known = error == std::errc{} && end == id.data() + id.size() && index < tests_.size();
    return known ? &tests_[index] : nullptr;
}

std::vector<Record> KernelRun::frame(const Record& record) {
    std::vector<Record> replies;
    if (record[0] == "hello" && record.size() >= 2) {
        release_ = printable(record[1]);
        tell_("Linux " + release_ + " is up");
    } else if (auto* test = find(record); test != nullptr && !test->ended) {
        apply(*test, record, replies);
    } else if (test != nullptr && record[0] == "kernel" && record.size() == 3) {
        test->kernel_problems.push_back(printable(record[2]));
    }
    return replies;
}

void KernelRun::apply(Test& test, const Record& record, std::vector<Record>& replies) {
    const auto& kind = record[0];
    if (kind == "begin") {
        test.begun = true;
        test.started = Clock::now();
        tell_("running '" + test.scenario->name + "'");
    } else if (kind == "var" && record.size() == 4) {
        test.variables[record[2]] = record[3];
    } else if (kind == "skip" && record.size() == 4) {
        test.missing = record[2] + since_text(record[2]) + ": " + printable(record[3]);
        const auto lacks = known_lacks(kernel_);
        if (const auto known = lacks.find(record[2]); known != lacks.end())
            test.missing += "; expected of this kernel: " + known->second;
        test.ended = true;
        test.finished = Clock::now();
    } else if (kind == "row" && record.size() == 3) {
        prepare_matcher(test);
        if (test.matcher) test.matcher->row(record[2]);
        keep_line(test.rows, record[2]);
        stop_when_satisfied(test, record[1], replies);
    } else if (kind == "log" && record.size() == 3) {
        keep_line(test.log, record[2]);
    } else if (kind == "step" && record.size() == 4) {
        if (!record[3].empty())
            test.stimulus_failure = "step '" + printable(record[2]) + "': " + printable(record[3]);
    } else if (kind == "stimulated") {
        prepare_matcher(test);
        test.stimulated = true;
        stop_when_satisfied(test, record[1], replies);
    } else if (kind == "end" && record.size() == 6) {
        test.ended = true;
        test.finished = Clock::now();
        test.state = record[2];
        test.code = to_int(record[3]);
        test.signal = to_int(record[4]);
        test.detail = printable(record[5]);
    }
}

void KernelRun::prepare_matcher(Test& test) {
    if (test.matcher || test.matcher_error) return;
    auto matcher =
        Matcher::create(test.scenario->expectations, test.variables, test.scenario->output != "json");
    if (matcher) {
        test.matcher.emplace(std::move(*matcher));
    } else {
        test.matcher_error = std::move(matcher).error();
    }
}

void KernelRun::stop_when_satisfied(Test& test, const std::string& id, std::vector<Record>& replies) {
    if (!test.stimulated || test.stopped) return;
    const bool hopeless = test.matcher_error.has_value() || !test.stimulus_failure.empty();
    if (!hopeless && !test.matcher->satisfied()) return;
    test.stopped = true;
    const auto settle = !hopeless && test.matcher->has_upper_bounds() ? kSettleMs : 0U;
    replies.push_back({"stop", id, std::to_string(settle)});
}

void KernelRun::judge_early_end(const Test& test, TestResult& result) {
    const auto message = last_message(test.log);
    if (test.signal != 0 && killed_for_memory(test.kernel_problems)) {
        fail(result, FailureClass::out_of_memory, "the kernel killed the gadget's runner for lack of memory",
             "give the machine more memory, or make the gadget's maps smaller");
    } else if (test.signal != 0) {
        fail(result, FailureClass::gadget_crashed,
             "the gadget's runner was killed by signal " + std::to_string(test.signal),
             "this is a defect of the runner, or the machine has too little memory");
    } else if (message.find("attach") != std::string::npos && test.code != 0) {
        fail(result, FailureClass::attach_refused, "the gadget could not be attached: " + message,
             "name the feature that it needs under 'requires' if this kernel cannot have it");
    } else if (test.code == 3) {
        fail(result, FailureClass::missing_feature, "the kernel lacks something: " + message,
             "name the feature under 'requires' if the gadget cannot do without it");
    } else if (test.code != 0 &&
               (message.find("load") != std::string::npos || message.find("verifier") != std::string::npos)) {
        fail(result, FailureClass::load_refused, "the kernel refused to load the gadget: " + message,
             "the log of the test has the verifier's words");
    } else if (test.code != 0) {
        fail(result, FailureClass::gadget_failed,
             "the gadget ended with exit status " + std::to_string(test.code) +
                 (message.empty() ? "" : ": " + message));
    } else {
        fail(result, FailureClass::gadget_failed, "the gadget ended before the test was over");
    }
}

/// Of a program that was loaded and attached by itself: see guest/attach.h.
void KernelRun::judge_attached(const Test& test, TestResult& result) {
    auto message = last_message(test.log);
    if (test.signal != 0) return judge_early_end(test, result);
    if (test.code == kLoadRefused)
        return fail(result, FailureClass::load_refused, "the kernel refused to load the program: " + message,
                    "the log of the test has the verifier's words");
    if (test.code == kAttachRefused)
        return fail(result, FailureClass::attach_refused, "the program could not be attached: " + message);
    if (test.code != 0)
        return fail(result, FailureClass::gadget_failed,
                    "exit status " + std::to_string(test.code) + ": " + message);
    if (!test.kernel_problems.empty())
        fail(result, FailureClass::kernel_problem, "the kernel reported: " + test.kernel_problems.front());
}

std::string KernelRun::missing_message(const Test& test) {
    for (const auto& message : test.scenario->messages) {
        if (test.log.find(message) == std::string::npos) return message;
    }
    return {};
}

void KernelRun::judge(const Test& test, unsigned patience, TestResult& result) {
    result.outcome = Outcome::passed;
    const auto timeout = std::to_string(test.scenario->timeout_seconds * patience) + " s";
    if (!test.missing.empty()) {
        result.outcome = Outcome::skipped;
        result.failure = FailureClass::missing_feature;
        result.message = "missing: " + test.missing;
    } else if (test.state == "broken" && !test.stimulus_failure.empty()) {
        fail(result, FailureClass::stimulus_failed, test.stimulus_failure,
             "name under 'requires' what the kernel lacks, or correct the scenario");
    } else if (test.state == "broken") {
        fail(result, FailureClass::gadget_failed, "the test could not be started: " + test.detail);
        result.outcome = Outcome::error;
    } else if (test.state == "exited") {
        judge_attached(test, result);
    } else if (test.state == "early") {
        judge_early_end(test, result);
    } else if (test.state == "unready") {
        fail(result, FailureClass::gadget_hung, "the gadget was not attached within " + timeout,
             "raise 'timeout' if the machine is slow");
    } else if (!test.stimulus_failure.empty()) {
        fail(result, FailureClass::stimulus_failed, test.stimulus_failure,
             "the scenario is wrong, or the kernel behaves differently");
    } else if (test.matcher_error) {
        fail(result, FailureClass::wrong_events, test.matcher_error->to_string(),
             "correct the scenario " + test.scenario->file);
        result.outcome = Outcome::error;
    } else if (test.matcher && !test.matcher->bad_row().empty()) {
        fail(result, FailureClass::bad_output, "the gadget's output is not JSON, " + test.matcher->bad_row());
    } else if (test.matcher && !test.matcher->failures().empty()) {
        std::string text;
        for (const auto& failure : test.matcher->failures()) text += (text.empty() ? "" : "\n") + failure;
        fail(result, FailureClass::wrong_events, std::move(text));
    } else if (const auto silent = missing_message(test); !silent.empty()) {
        fail(result, FailureClass::wrong_events, "the gadget did not say '" + silent + "'");
    } else if (test.state == "hung") {
        fail(result, FailureClass::gadget_hung, "the gadget did not end when it was told to");
    } else if (test.code != 0 || test.signal != 0) {
        judge_early_end(test, result);
    } else if (!test.kernel_problems.empty()) {
        fail(result,
             killed_for_memory(test.kernel_problems) ? FailureClass::out_of_memory
                                                     : FailureClass::kernel_problem,
             "the kernel reported: " + test.kernel_problems.front());
    }
}

void KernelRun::judge_unfinished(const Test& test, const RunEnd& end, TestResult& result) {
    const auto error = end.failure.value_or(
        Error{.code = ErrorCode::corrupt_data, .message = "the machine ended without a result"});
    fail(result, class_of(error), error.message, error.hint);
    const bool under_way = test.begun && !test.ended;
    const bool gadget_is_suspect =
        under_way && (error.code == ErrorCode::guest_panic || error.code == ErrorCode::timed_out);
    if (!gadget_is_suspect) result.outcome = Outcome::error;
    if (!test.begun && error.code == ErrorCode::guest_panic)
        result.message = "not run, because " + error.message;
}

void KernelRun::keep_logs(const Test& test, const std::filesystem::path& folder, TestResult& result) {
    const auto name = slug(test.scenario->name);
    keep_log(folder / (name + ".rows.jsonl"), test.rows, result);
    keep_log(folder / (name + ".log"), test.log, result);
}

std::vector<TestResult> KernelRun::finish(const RunEnd& end, const std::filesystem::path& folder) {
    std::vector<TestResult> results;
    const bool keep = !folder.empty() && gadget::create_directories(folder);
    const auto console = folder / "console.log";
    const bool kept_console = keep && !end.console.empty() && write_file_atomic(console, end.console);
    for (auto& test : tests_) {
        TestResult result{.scenario = test.scenario->name, .kernel = kernel_, .release = release_};
        if (test.ended) {
            judge(test, patience_, result);
            if (result.outcome == Outcome::passed && end.damaged_frames + end.lost_frames > 0) {
                fail(result, FailureClass::truncated_result,
                     "parts of the machine's report were damaged or lost (" +
                         std::to_string(end.damaged_frames) + " damaged, " + std::to_string(end.lost_frames) +
                         " lost)");
                result.outcome = Outcome::error;
            }
        } else {
            judge_unfinished(test, end, result);
        }
        const auto finished = test.ended ? test.finished : Clock::now();
        if (test.begun)
            result.duration = std::chrono::duration_cast<std::chrono::milliseconds>(finished - test.started);
        if (kept_console) result.logs.push_back(console);
        if (keep) keep_logs(test, folder, result);
        results.push_back(std::move(result));
    }
    return results;
}

Job make_job(const std::vector<Scenario>& scenarios, const std::string& object, const std::string& manifest,
             unsigned patience) {
    Job job;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        const auto& scenario = scenarios[i];
        JobTest test{.id = std::to_string(i),
                     .object = object,
                     .manifest = manifest,
                     .output = scenario.output,
                     .params = scenario.params,
                     .features = scenario.features,
                     .pause = scenario.pause,
                     .isolated = scenario.replay.empty(),
                     .timeout_ms = scenario.timeout_seconds * 1000 * patience};
        if (!scenario.replay.empty()) {
            test.kind = JobKind::replay;
            test.recording = "@/" + recording_name(i);
        }
        if (!scenario.raw_program.empty()) {
            test.kind = JobKind::command;
            test.argv = {"@program", "testkit-attach", object, scenario.raw_program};
        }
        const auto copy = [](const std::vector<Step>& from, std::vector<JobStep>& to) {
            for (const auto& step : from) to.push_back({step.id, step.kind, step.options});
        };
        copy(scenario.fixtures, test.fixtures);
        copy(scenario.steps, test.steps);
        copy(scenario.cleanup, test.cleanup);
        for (auto& name : wanted_modules(test)) job.wanted_modules.push_back(std::move(name));
        job.tests.push_back(std::move(test));
    }
    return job;
}

}  // namespace gadget::testkit
