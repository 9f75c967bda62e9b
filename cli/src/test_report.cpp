// SPDX-License-Identifier: Apache-2.0
#include "test_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "findings_output.h"
#include "gadget/support/files.h"
#include "gadget/support/text.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;
using testkit::Outcome;

constexpr std::string_view kGithub = "github";

std::string symbol(const testkit::TestResult* result) {
    if (result == nullptr) return "-";
    switch (result->outcome) {
        case Outcome::passed:
            return "pass";
        case Outcome::failed:
            return "FAIL";
        case Outcome::skipped:
            return "skip";
        case Outcome::error:
            return "ERROR";
    }
    return "ERROR";
}

/// "test/a.yaml:12: expected ..." begins with the line of the expectation that does not hold.
unsigned line_of(const testkit::TestResult& result, const std::string& file) {
    unsigned line = 1;
    if (result.message.starts_with(file + ":")) {
        const char* start = result.message.data() + file.size() + 1;
        (void)std::from_chars(start, result.message.data() + result.message.size(), line);
    }
    return line;
}

/// What did not pass, where the scenario stands.
DiagnosticList annotations(const testkit::TestRequest& request,
                           const std::vector<testkit::TestResult>& results) {
    DiagnosticList list;
    for (const auto& result : results) {
        if (result.outcome == Outcome::passed || result.outcome == Outcome::skipped) continue;
        const auto scenario =
            std::find_if(request.scenarios.begin(), request.scenarios.end(),
                         [&](const auto& candidate) { return candidate.name == result.scenario; });
        const auto file = scenario == request.scenarios.end() ? std::string() : scenario->file;
        list.report({.id = std::string(to_string(result.failure)),
                     .message = result.scenario + " on " + result.kernel.to_string() + ": " + result.message,
                     .location = SourceRange{.file = file, .line = line_of(result, file), .column = 1},
                     .hint = result.suggestion});
    }
    return list;
}

}  // namespace

std::string kernel_table(const testkit::TestRequest& request,
                         const std::vector<testkit::TestResult>& results) {
    std::size_t name_width = 4;
    for (const auto& scenario : request.scenarios) name_width = std::max(name_width, scenario.name.size());
    std::string text = fmt::format("{:<{}}", "TEST", name_width + 2);
    for (const auto& kernel : request.kernels) text += fmt::format("{:<14}", kernel.to_string());
    text += "\n";
    for (const auto& scenario : request.scenarios) {
        text += fmt::format("{:<{}}", printable(scenario.name), name_width + 2);
        for (const auto& kernel : request.kernels) {
            const auto found = std::find_if(results.begin(), results.end(), [&](const auto& result) {
                return result.kernel == kernel && result.scenario == scenario.name;
            });
            text += fmt::format("{:<14}", symbol(found == results.end() ? nullptr : &*found));
        }
        text += "\n";
    }
    return text;
}

std::string summary(const std::vector<testkit::TestResult>& results) {
    const auto count = [&](Outcome outcome) {
        return std::count_if(results.begin(), results.end(),
                             [&](const auto& result) { return result.outcome == outcome; });
    };
    return fmt::format("{} passed, {} failed, {} skipped, {} not run\n", count(Outcome::passed),
                       count(Outcome::failed), count(Outcome::skipped), count(Outcome::error));
}

Result<void> write_reports(const TestOptions& options, const testkit::TestRequest& request,
                           const std::vector<testkit::TestResult>& results, Terminal& terminal) {
    const auto& gadget = request.gadget;
    for (const auto& report : options.reports) {
        const auto equals = report.find('=');
        const std::string kind = report.substr(0, equals);
        const fs::path file = equals == std::string::npos ? fs::path() : fs::path(report.substr(equals + 1));
        if (kind == "junit") GADGET_TRY(write_file_atomic(file, testkit::junit_report(gadget, results)));
        if (kind == "json") GADGET_TRY(write_file_atomic(file, testkit::json_report(gadget, results)));
        if (kind == "markdown")
            GADGET_TRY(write_file_atomic(file, testkit::markdown_report(gadget, results)));
        if (kind == kGithub) terminal.print(findings_github(annotations(request, results)));
    }
    return {};
}

Result<void> check_reports(const TestOptions& options) {
    for (const auto& report : options.reports) {
        const bool known = report == kGithub || report.starts_with("junit=") || report.starts_with("json=") ||
                           report.starts_with("markdown=");
        if (!known || report.ends_with('=')) {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "--report: '" + report +
                                    "' is not junit=FILE, json=FILE, markdown=FILE or github"};
        }
    }
    return {};
}

std::string scenario_list(const std::vector<testkit::Scenario>& scenarios) {
    std::size_t width = 4;
    for (const auto& scenario : scenarios)
        width = std::max(width, fs::path(scenario.file).stem().string().size());
    std::string text = fmt::format("{:<{}}  {:<7} {:<40} NAME\n", "FILE", width, "STEPS", "REQUIRES");
    for (const auto& scenario : scenarios) {
        std::string features;
        for (const auto& feature : scenario.features) features += (features.empty() ? "" : ",") + feature;
        text += fmt::format("{:<{}}  {:<7} {:<40} {}\n", fs::path(scenario.file).stem().string(), width,
                            scenario.replay.empty() ? std::to_string(scenario.steps.size()) : "replay",
                            features.empty() ? "-" : features, printable(scenario.name));
    }
    return text;
}

}  // namespace gadget::cli
