// SPDX-License-Identifier: Apache-2.0
#include "job.h"

#include <charconv>

#include "gadget/support/text.h"
#include "record.h"

namespace gadget::testkit {
namespace {

Error bad_line(std::size_t number, std::string_view why) {
    return Error{.code = ErrorCode::corrupt_data,
                 .message = "test job, line " + std::to_string(number) + ": " + std::string(why)};
}

/// "step ID KIND (NAME VALUE)...": a step, a fixture, or what cleans up.
JobStep step_of(const Record& record) {
    JobStep step{.id = record[1], .kind = record[2], .options = {}};
    for (std::size_t i = 3; i < record.size(); i += 2) step.options[record[i]] = record[i + 1];
    return step;
}

Record record_of(std::string key, const JobStep& step) {
    Record record{std::move(key), step.id, step.kind};
    for (const auto& [name, value] : step.options) {
        record.push_back(name);
        record.push_back(value);
    }
    return record;
}

/// Applies one record; false when it is not understood.
bool apply_to_test(JobTest& test, const Record& record) {
    const auto& key = record[0];
    if (key == "object" && record.size() == 2) {
        test.object = record[1];
    } else if (key == "manifest" && record.size() == 2) {
        test.manifest = record[1];
    } else if (key == "word" && record.size() == 2) {
        if (test.kind == JobKind::gadget) test.kind = JobKind::command;
        test.argv.push_back(record[1]);
    } else if (key == "terminal" && record.size() == 1) {
        test.kind = JobKind::terminal;
    } else if (key == "environment" && record.size() == 2) {
        test.environment.push_back(record[1]);
    } else if (key == "pause" && record.size() == 1) {
        test.pause = true;
    } else if (key == "isolated" && record.size() == 1) {
        test.isolated = true;
    } else if (key == "param" && record.size() == 3) {
        test.params.emplace_back(record[1], record[2]);
    } else if (key == "feature" && record.size() == 2) {
        test.features.push_back(record[1]);
    } else if (key == "timeout" && record.size() == 2) {
        const auto& text = record[1];
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), test.timeout_ms);
        return error == std::errc{} && end == text.data() + text.size();
    } else if (key == "recording" && record.size() == 2) {
        test.kind = JobKind::replay;
        test.recording = record[1];
    } else if (key == "output" && record.size() == 2) {
        test.output = record[1];
    } else if (record.size() >= 3 && record.size() % 2 == 1 && key == "step") {
        test.steps.push_back(step_of(record));
    } else if (record.size() >= 3 && record.size() % 2 == 1 && key == "fixture") {
        test.fixtures.push_back(step_of(record));
    } else if (record.size() >= 3 && record.size() % 2 == 1 && key == "cleanup") {
        test.cleanup.push_back(step_of(record));
    } else {
        return false;
    }
    return true;
}

bool apply(Job& job, const Record& record) {
    const auto& key = record[0];
    if (record.size() == 2 && key == "nonce") {
        job.nonce = record[1];
    } else if (record.size() == 2 && key == "program") {
        job.program = record[1];
    } else if (record.size() == 2 && key == "module") {
        job.modules.push_back(record[1]);
    } else if (record.size() == 2 && key == "test") {
        job.tests.push_back({.id = record[1]});
    } else {
        return !job.tests.empty() && apply_to_test(job.tests.back(), record);
    }
    return true;
}

}  // namespace

std::string encode_job(const Job& job) {
    std::string text;
    const auto add = [&text](const Record& record) { text += encode_record(record) + '\n'; };
    add({"nonce", job.nonce});
    add({"program", job.program});
    for (const auto& module : job.modules) add({"module", module});
    for (const auto& test : job.tests) {
        add({"test", test.id});
        add({"object", test.object});
        if (!test.manifest.empty()) add({"manifest", test.manifest});
        if (test.kind == JobKind::replay) add({"recording", test.recording});
        add({"output", test.output});
        if (test.pause) add({"pause"});
        if (test.isolated) add({"isolated"});
        add({"timeout", std::to_string(test.timeout_ms)});
        if (test.kind == JobKind::terminal) add({"terminal"});
        for (const auto& word : test.argv) add({"word", word});
        for (const auto& variable : test.environment) add({"environment", variable});
        for (const auto& [name, value] : test.params) add({"param", name, value});
        for (const auto& feature : test.features) add({"feature", feature});
        for (const auto& step : test.fixtures) add(record_of("fixture", step));
        for (const auto& step : test.steps) add(record_of("step", step));
        for (const auto& step : test.cleanup) add(record_of("cleanup", step));
    }
    return text;
}

Result<Job> parse_job(std::string_view text) {
    Job job;
    std::size_t number = 0;
    for (const auto line : split(text, '\n')) {
        ++number;
        if (line.empty()) continue;
        const auto record = decode_record(line);
        if (!record) return bad_line(number, "broken escape");
        if (!apply(job, *record)) return bad_line(number, "unknown record '" + (*record)[0] + "'");
    }
    if (job.nonce.empty()) return bad_line(number, "no nonce");
    return job;
}

}  // namespace gadget::testkit
