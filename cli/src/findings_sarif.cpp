// SPDX-License-Identifier: Apache-2.0
#include "findings_sarif.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "gadget/support/text.h"
#include "gadget/validator.h"
#include "pages.h"
#include "version.h"

namespace gadget::cli {
namespace {

using Json = nlohmann::ordered_json;

/// A path as a URI reference: relative ones stay relative.
std::string uri_of(std::string_view path) {
    constexpr std::string_view kPlain = "-._~/+@,=";
    std::string uri = path.starts_with('/') ? "file://" : "";
    while (path.starts_with("./")) path.remove_prefix(2);
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter || kPlain.find(c) != std::string_view::npos) {
            uri += c;
        } else {
            constexpr std::string_view kDigits = "0123456789ABCDEF";
            uri += '%';
            uri += kDigits[byte >> 4];
            uri += kDigits[byte & 15];
        }
    }
    return uri.empty() ? "." : uri;
}

class SarifWriter {
  public:
    SarifWriter(std::string input, const SourceReader& source) : input_(std::move(input)), source_(source) {}

    void add(const Diagnostic& finding);
    [[nodiscard]] Json document() const;

  private:
    std::size_t rule_index(const Diagnostic& finding);
    Json artifact(const std::string& file) const { return {{"uri", uri_of(file)}}; }
    Json region(const SourceRange& range);
    Json location(const Location& location);
    Json fix(const FixIt& fix);
    unsigned characters(const std::string& file, unsigned line, unsigned column);
    const std::vector<std::string>& lines_of(const std::string& file);

    std::string input_;
    const SourceReader& source_;
    std::map<std::string, std::vector<std::string>> lines_;
    std::map<std::string, std::size_t> indices_;
    Json rules_ = Json::array();
    Json results_ = Json::array();
};

const std::vector<std::string>& SarifWriter::lines_of(const std::string& file) {
    const auto found = lines_.find(file);
    if (found != lines_.end()) return found->second;
    std::vector<std::string> lines;
    if (const auto text = source_ ? source_(file) : std::nullopt) {
        for (const auto line : split(*text, '\n')) lines.emplace_back(line);
    }
    return lines_.emplace(file, std::move(lines)).first->second;
}

/// Our columns count bytes, those of SARIF characters.
unsigned SarifWriter::characters(const std::string& file, unsigned line, unsigned column) {
    const auto& lines = lines_of(file);
    if (line == 0 || line > lines.size() || column == 0) return column;
    const auto before = std::string_view(lines[line - 1]).substr(0, column - 1);
    const auto inside = std::count_if(before.begin(), before.end(),
                                      [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; });
    return column - static_cast<unsigned>(inside);
}

Json SarifWriter::region(const SourceRange& range) {
    Json json{{"startLine", std::max(range.line, 1U)}};
    if (range.column != 0) json["startColumn"] = characters(range.file, range.line, range.column);
    if (range.end_line != 0) json["endLine"] = range.end_line;
    if (range.end_column != 0) {
        const unsigned line = range.end_line == 0 ? range.line : range.end_line;
        json["endColumn"] = characters(range.file, line, range.end_column);
    }
    return json;
}

Json SarifWriter::location(const Location& location) {
    if (const auto* range = std::get_if<SourceRange>(&location); range != nullptr && !range->file.empty())
        return {
            {"physicalLocation", {{"artifactLocation", artifact(range->file)}, {"region", region(*range)}}}};
    Json json{{"physicalLocation", {{"artifactLocation", artifact(input_)}, {"region", {{"startLine", 1}}}}}};
    if (const auto* object = std::get_if<ObjectLocation>(&location); object != nullptr) {
        const auto& name = object->symbol.empty() ? object->object : object->symbol;
        if (!name.empty())
            json["logicalLocations"] = {{{"name", name}, {"fullyQualifiedName", to_string(location)}}};
    }
    return json;
}

Json SarifWriter::fix(const FixIt& fix) {
    const Json replacement{{"deletedRegion", region(fix.range)},
                           {"insertedContent", {{"text", fix.replacement}}}};
    const Json change{{"artifactLocation", artifact(fix.range.file)},
                      {"replacements", Json::array({replacement})}};
    return {{"description", {{"text", "replace by '" + printable(fix.replacement) + "'"}}},
            {"artifactChanges", Json::array({change})}};
}

std::size_t SarifWriter::rule_index(const Diagnostic& finding) {
    const auto [place, added] = indices_.try_emplace(finding.id, rules_.size());
    if (!added) return place->second;
    Json rule{{"id", finding.id}};
    const auto known = validator::rules();
    const auto info =
        std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.id == finding.id; });
    if (info != known.end()) rule["shortDescription"] = {{"text", info->summary}};
    if (const auto page = find_page(finding.id); !page.empty())
        rule["help"] = {{"text", page}, {"markdown", page}};
    const auto severity = info != known.end() ? info->severity : finding.severity;
    rule["defaultConfiguration"] = {{"level", to_string(severity)}};
    rules_.push_back(std::move(rule));
    return place->second;
}

void SarifWriter::add(const Diagnostic& finding) {
    std::string text = finding.message;
    if (!finding.hint.empty()) text += "\n" + finding.hint;
    Json result{{"ruleId", finding.id},
                {"ruleIndex", rule_index(finding)},
                {"level", to_string(finding.severity)},
                {"message", {{"text", std::move(text)}}},
                {"locations", Json::array({location(finding.location)})}};
    for (std::size_t i = 0; i < finding.notes.size(); ++i) {
        Json related = location(finding.notes[i].location);
        related["id"] = i + 1;
        related["message"] = {{"text", finding.notes[i].message}};
        result["relatedLocations"].push_back(std::move(related));
    }
    for (const auto& each : finding.fixes) result["fixes"].push_back(fix(each));
    results_.push_back(std::move(result));
}

Json SarifWriter::document() const {
    const Json driver{{"name", "gadget"}, {"version", kVersion}, {"rules", rules_}};
    const Json run{
        {"tool", {{"driver", driver}}}, {"columnKind", "unicodeCodePoints"}, {"results", results_}};
    return {{"$schema",
             "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"},
            {"version", "2.1.0"},
            {"runs", Json::array({run})}};
}

}  // namespace

std::string findings_sarif(const DiagnosticList& findings, const std::string& input,
                           const SourceReader& source) {
    SarifWriter writer(input, source);
    for (const auto& finding : findings.all()) writer.add(finding);
    return writer.document().dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gadget::cli
