// SPDX-License-Identifier: Apache-2.0
#include "findings_output.h"

#include <nlohmann/json.hpp>

#include "findings_sarif.h"

namespace gadget::cli {
namespace {

using Json = nlohmann::ordered_json;

Json range_json(const SourceRange& range) {
    Json json{{"file", range.file}, {"line", range.line}, {"column", range.column}};
    if (range.end_line != 0) json["endLine"] = range.end_line;
    if (range.end_column != 0) json["endColumn"] = range.end_column;
    return json;
}

Json location_json(const Location& location) {
    if (const auto* range = std::get_if<SourceRange>(&location)) return range_json(*range);
    if (const auto* object = std::get_if<ObjectLocation>(&location)) {
        Json json{{"object", object->object}, {"symbol", object->symbol}};
        if (object->instruction >= 0) json["instruction"] = object->instruction;
        return json;
    }
    return nullptr;
}

Json finding_json(const Diagnostic& finding) {
    Json json{
        {"id", finding.id},      {"severity", to_string(finding.severity)},     {"message", finding.message},
        {"hint", finding.hint},  {"location", location_json(finding.location)}, {"notes", Json::array()},
        {"fixes", Json::array()}};
    for (const auto& note : finding.notes) {
        json["notes"].push_back({{"message", note.message}, {"location", location_json(note.location)}});
    }
    for (const auto& fix : finding.fixes) {
        json["fixes"].push_back({{"range", range_json(fix.range)}, {"replacement", fix.replacement}});
    }
    return json;
}

/// Workflow commands end at a newline and separate properties by commas: both are percent-encoded.
std::string escape_command(std::string_view text, bool property) {
    std::string result;
    for (const char c : text) {
        if (c == '%')
            result += "%25";
        else if (c == '\r')
            result += "%0D";
        else if (c == '\n')
            result += "%0A";
        else if (property && c == ':')
            result += "%3A";
        else if (property && c == ',')
            result += "%2C";
        else
            result += c;
    }
    return result;
}

std::string plural(std::size_t count, const std::string& word) {
    return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

}  // namespace

std::string findings_json(const DiagnosticList& findings) {
    Json json{{"version", 1}, {"findings", Json::array()}};
    for (const auto& finding : findings.all()) json["findings"].push_back(finding_json(finding));
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string findings_github(const DiagnosticList& findings) {
    std::string text;
    for (const auto& finding : findings.all()) {
        text +=
            "::" + std::string(finding.severity == Severity::note ? "notice" : to_string(finding.severity)) +
            " ";
        if (const auto* range = std::get_if<SourceRange>(&finding.location)) {
            text += "file=" + escape_command(range->file, true) + ",line=" + std::to_string(range->line) +
                    ",col=" + std::to_string(range->column) + ",";
        }
        std::string message = finding.message;
        if (std::holds_alternative<ObjectLocation>(finding.location))
            message = to_string(finding.location) + ": " + message;
        if (!finding.hint.empty()) message += "\n" + finding.hint;
        text += "title=" + escape_command(finding.id, true) + "::" + escape_command(message, false) + "\n";
    }
    return text;
}

void show_findings(const DiagnosticList& findings, FindingsFormat format, const std::string& input,
                   Terminal& terminal) {
    switch (format) {
        case FindingsFormat::text:
            terminal.show(findings, file_source_reader());
            break;
        case FindingsFormat::json:
            terminal.print(findings_json(findings));
            break;
        case FindingsFormat::sarif:
            terminal.print(findings_sarif(findings, input, file_source_reader()));
            break;
        case FindingsFormat::github:
            terminal.print(findings_github(findings));
            break;
    }
}

std::string findings_summary(const DiagnosticList& findings) {
    const std::size_t errors = findings.count(Severity::error);
    const std::size_t warnings = findings.count(Severity::warning);
    if (errors == 0 && warnings == 0) return "no findings";
    if (errors == 0) return plural(warnings, "warning");
    return warnings == 0 ? plural(errors, "error")
                         : plural(errors, "error") + ", " + plural(warnings, "warning");
}

}  // namespace gadget::cli
