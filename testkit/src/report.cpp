// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "gadget/support/text.h"
#include "gadget/testkit.h"

namespace gadget::testkit {
namespace {

/// Text for XML 1.0: control characters, which it cannot hold at all, are replaced.
std::string xml(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            case '\n':
                result += "&#10;";
                break;
            default:
                result += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        }
    }
    return result;
}

std::string seconds(std::chrono::milliseconds time) {
    const auto ms = time.count();
    const auto fraction = std::to_string(ms % 1000);
    return std::to_string(ms / 1000) + "." + std::string(3 - fraction.size(), '0') + fraction;
}

std::size_t count(std::span<const TestResult> results, Outcome outcome) {
    return static_cast<std::size_t>(std::count_if(
        results.begin(), results.end(), [&](const TestResult& result) { return result.outcome == outcome; }));
}

std::string junit_case(std::string_view gadget, const TestResult& result) {
    std::string text = "  <testcase classname=\"" +
                       xml(std::string(gadget) + "." + result.kernel.to_string()) + "\" name=\"" +
                       xml(result.scenario) + "\" time=\"" + seconds(result.duration) + "\"";
    if (result.outcome == Outcome::passed) return text + "/>\n";
    text += ">\n    ";
    const auto message = xml(result.message);
    if (result.outcome == Outcome::skipped)
        return text + "<skipped message=\"" + message + "\"/>\n  </testcase>\n";
    const std::string element = result.outcome == Outcome::failed ? "failure" : "error";
    text += "<" + element + " type=\"" + std::string(to_string(result.failure)) + "\" message=\"" + message +
            "\">";
    return text + xml(result.suggestion) + "</" + element + ">\n  </testcase>\n";
}

std::string_view mark(Outcome outcome) {
    switch (outcome) {
        case Outcome::passed:
            return "pass";
        case Outcome::failed:
            return "**FAIL**";
        case Outcome::skipped:
            return "skip";
        case Outcome::error:
            return "**ERROR**";
    }
    return "";
}

/// For a table cell: no line breaks, no column separators.
std::string cell(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '|') result += '\\';
        result += c == '\n' ? ' ' : c;
    }
    return result;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::passed:
            return "passed";
        case Outcome::failed:
            return "failed";
        case Outcome::skipped:
            return "skipped";
        case Outcome::error:
            return "error";
    }
    return "";
}

std::string_view to_string(FailureClass failure) {
    switch (failure) {
        case FailureClass::none:
            return "none";
        case FailureClass::wrong_events:
            return "wrong-events";
        case FailureClass::load_refused:
            return "load-refused";
        case FailureClass::attach_refused:
            return "attach-refused";
        case FailureClass::missing_feature:
            return "missing-feature";
        case FailureClass::gadget_crashed:
            return "gadget-crashed";
        case FailureClass::gadget_failed:
            return "gadget-failed";
        case FailureClass::gadget_hung:
            return "gadget-hung";
        case FailureClass::stimulus_failed:
            return "stimulus-failed";
        case FailureClass::bad_output:
            return "bad-output";
        case FailureClass::kernel_problem:
            return "kernel-problem";
        case FailureClass::out_of_memory:
            return "out-of-memory";
        case FailureClass::guest_panic:
            return "guest-panic";
        case FailureClass::boot_failed:
            return "boot-failed";
        case FailureClass::timed_out:
            return "timed-out";
        case FailureClass::truncated_result:
            return "truncated-result";
        case FailureClass::no_kernel:
            return "no-kernel";
        case FailureClass::no_machine:
            return "no-machine";
        case FailureClass::no_permission:
            return "no-permission";
    }
    return "";
}

std::string junit_report(std::string_view gadget, std::span<const TestResult> results) {
    std::chrono::milliseconds total{0};
    for (const auto& result : results) total += result.duration;
    std::string text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"" + xml(gadget) + "\" tests=\"" +
        std::to_string(results.size()) + "\" failures=\"" + std::to_string(count(results, Outcome::failed)) +
        "\" errors=\"" + std::to_string(count(results, Outcome::error)) + "\" skipped=\"" +
        std::to_string(count(results, Outcome::skipped)) + "\" time=\"" + seconds(total) + "\">\n";
    for (const auto& result : results) text += junit_case(gadget, result);
    return text + "</testsuite>\n";
}

std::string json_report(std::string_view gadget, std::span<const TestResult> results) {
    using Json = nlohmann::ordered_json;
    Json list = Json::array();
    for (const auto& result : results) {
        Json logs = Json::array();
        for (const auto& log : result.logs) logs.push_back(log.string());
        list.push_back(Json{{"scenario", result.scenario},
                            {"kernel", result.kernel.id},
                            {"arch", model::to_string(result.kernel.arch)},
                            {"release", result.release},
                            {"outcome", to_string(result.outcome)},
                            {"failure", to_string(result.failure)},
                            {"message", result.message},
                            {"suggestion", result.suggestion},
                            {"milliseconds", result.duration.count()},
                            {"logs", std::move(logs)}});
    }
    const Json document{{"version", 1}, {"gadget", gadget}, {"results", std::move(list)}};
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string markdown_report(std::string_view gadget, std::span<const TestResult> results) {
    std::vector<std::string> scenarios;
    std::vector<std::string> kernels;
    const auto add = [](std::vector<std::string>& list, const std::string& name) {
        if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
    };
    for (const auto& result : results) {
        add(scenarios, result.scenario);
        add(kernels, result.kernel.to_string());
    }
    std::string text = "### " + cell(gadget) + "\n\n| kernel |";
    for (const auto& scenario : scenarios) text += " " + cell(scenario) + " |";
    text += "\n|---|";
    for (std::size_t i = 0; i < scenarios.size(); ++i) text += "---|";
    text += "\n";
    for (const auto& kernel : kernels) {
        text += "| " + cell(kernel) + " |";
        for (const auto& scenario : scenarios) {
            const auto found = std::find_if(results.begin(), results.end(), [&](const TestResult& result) {
                return result.scenario == scenario && result.kernel.to_string() == kernel;
            });
            text += found == results.end() ? " |" : " " + std::string(mark(found->outcome)) + " |";
        }
        text += "\n";
    }
    for (const auto& result : results) {
        if (result.outcome == Outcome::passed) continue;
        text += "\n- **" + cell(result.kernel.to_string()) + "**, " + cell(result.scenario) + ": " +
                std::string(to_string(result.outcome)) + " (" + std::string(to_string(result.failure)) +
                "): " + cell(result.message);
        if (!result.suggestion.empty()) text += " - " + cell(result.suggestion);
    }
    return text + "\n";
}

}  // namespace gadget::testkit
