// SPDX-License-Identifier: Apache-2.0
// One case for each rule: tests/golden/validator/<id>/bad has the finding, good has none at all.
// expected.json holds what the bad one reports; GADGET_TEST_ACCEPT=1 writes it anew.
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "gadget/model/manifest.h"
#include "gadget/support/files.h"
#include "gadget/validator.h"
#include "gadget/validator/suppressions.h"
#include "sample.h"

namespace gadget::validator {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

const fs::path kCases = GADGETKIT_GOLDEN;
const fs::path kObjects = GADGETKIT_GOLDEN_OBJECTS;
const fs::path kPages = GADGETKIT_DIAGNOSTICS;

model::ObjectFacts facts_of(const fs::path& object, const std::string& name) {
    const auto bytes = read_file(object);
    if (!bytes) {
        ADD_FAILURE() << bytes.error().to_string();
        return {};
    }
    auto facts = inspect(*bytes, {.object_name = name});
    EXPECT_TRUE(facts.has_value()) << facts.error().to_string();
    return facts.value_or(model::ObjectFacts{});
}

// The compiler tells gadget build where maps are declared; here the text is searched for `} NAME
// SEC(".maps")`.
DiagnosticList at_source_lines(const DiagnosticList& findings, const fs::path& folder) {
    const auto text = read_text_file(folder / "program.bpf.c").value_or("");
    DiagnosticList result;
    for (auto finding : findings.all()) {
        const auto* object = std::get_if<ObjectLocation>(&finding.location);
        const auto at =
            object == nullptr ? std::string::npos : text.find("} " + object->symbol + " SEC(\".maps\"); // ");
        if (at != std::string::npos) {
            const auto line =
                std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
            finding.location = SourceRange{"program.bpf.c", static_cast<unsigned>(line), 3, 0, 0};
        }
        result.report(std::move(finding));
    }
    return result;
}

DiagnosticList without_suppressed(const DiagnosticList& findings, const fs::path& folder) {
    Suppressions suppressions;
    DiagnosticList result;
    for (const auto* name : {"program.bpf.c", "gadget.yaml"}) {
        if (const auto text = read_text_file(folder / name)) suppressions.add_comments(*text, name);
    }
    if (const auto text = read_text_file(folder / "build.yaml")) {
        const auto config = model::parse_build_config(*text, "build.yaml", result);
        EXPECT_TRUE(config.has_value());
        if (config) suppressions.add(config->allow);
    }
    suppressions.apply(findings.all(), Suppressions::Extent::whole, result);
    return result;
}

// Everything that a gadget's folder gives rise to: the object, its metadata (or `metadata` in its place), and
// the second architecture if there is one.
DiagnosticList findings_of(const std::string& id, const std::string& side, const std::string& metadata = {}) {
    DiagnosticList findings;
    const auto facts = facts_of(kObjects / id / (side + ".bpf.o"), "amd64 object");
    std::optional<model::Manifest> manifest;
    if (const auto text = metadata.empty() ? read_text_file(kCases / id / side / "gadget.yaml") : metadata) {
        auto parsed = model::parse_manifest(*text, "gadget.yaml", findings);
        EXPECT_EQ(parsed.has_value(), !findings.has_errors());
        if (!parsed) return findings;
        manifest = *std::move(parsed);
    }
    validate(facts, manifest ? &*manifest : nullptr, {}, findings);
    if (const auto second = kObjects / id / (side + ".arm64.bpf.o"); fs::exists(second))
        compare(facts, facts_of(second, "arm64 object"), findings);
    return without_suppressed(at_source_lines(findings, kCases / id / side), kCases / id / side);
}

ordered_json to_json(const Location& location) {
    ordered_json json;
    if (const auto* range = std::get_if<SourceRange>(&location)) {
        json["file"] = range->file;
        json["line"] = range->line;
        json["column"] = range->column;
        if (range->end_column != 0) json["endColumn"] = range->end_column;
    } else if (const auto* object = std::get_if<ObjectLocation>(&location)) {
        json["object"] = object->object;
        if (!object->symbol.empty()) json["symbol"] = object->symbol;
    }
    return json;
}

ordered_json to_json(const DiagnosticList& findings) {
    auto json = ordered_json::array();
    for (const auto& finding : findings.all()) {
        ordered_json entry{{"id", finding.id},
                           {"severity", to_string(finding.severity)},
                           {"message", finding.message},
                           {"hint", finding.hint},
                           {"location", to_json(finding.location)}};
        for (const auto& fix : finding.fixes)
            entry["fixes"].push_back({{"location", to_json(fix.range)}, {"replacement", fix.replacement}});
        json.push_back(std::move(entry));
    }
    return json;
}

std::vector<std::string> rule_ids() {
    std::vector<std::string> ids;
    for (const auto& rule : rules()) ids.emplace_back(rule.id);
    return ids;
}

class GoldenCase : public testing::TestWithParam<std::string> {};

TEST_P(GoldenCase, BadHasExactlyTheExpectedFindings) {
    const auto actual = to_json(findings_of(GetParam(), "bad"));
    const auto file = kCases / GetParam() / "bad" / "expected.json";
    if (const char* accept = std::getenv("GADGET_TEST_ACCEPT");
        accept != nullptr && std::string_view(accept) == "1") {
        ASSERT_TRUE(write_file_atomic(file, actual.dump(2) + "\n").has_value());
        GTEST_SKIP() << "accepted: " << file;
    }
    const auto text = read_text_file(file);
    ASSERT_TRUE(text.has_value()) << text.error().to_string();
    EXPECT_EQ(actual.dump(2) + "\n", *text);
    const auto is_own = [&](const ordered_json& finding) { return finding["id"] == GetParam(); };
    EXPECT_TRUE(std::any_of(actual.begin(), actual.end(), is_own))
        << "the bad example does not show the rule";
}

TEST_P(GoldenCase, GoodHasNoFinding) {
    const auto findings = findings_of(GetParam(), "good");
    for (const auto& finding : findings.all()) ADD_FAILURE() << render(finding, {}, {});
}

TEST_P(GoldenCase, PageExplainsWithBothExamples) {
    const auto page = read_text_file(kPages / (GetParam() + ".md"));
    ASSERT_TRUE(page.has_value()) << page.error().to_string();
    EXPECT_TRUE(page->starts_with("# " + GetParam() + "\n"));
    for (const auto* heading : {"\n## Why\n", "\n## Bad\n", "\n## Good\n"})
        EXPECT_NE(page->find(heading), std::string::npos) << "missing: " << heading;
}

// The first example of `gadget.yaml` below a heading of a page; empty when it shows something else.
std::string metadata_below(const std::string& page, const std::string& heading) {
    constexpr std::string_view kFence = "```yaml\n";
    const auto section = page.find("\n## " + heading + "\n");
    const auto next = page.find("\n## ", section + 1);
    const auto fence = page.find(kFence, section);
    if (section == std::string::npos || fence >= next) return {};
    const auto begin = fence + kFence.size();
    const auto text = page.substr(begin, page.find("```", begin) - begin);
    return text.find("build.yaml") == std::string::npos ? text : std::string{};
}

TEST_P(GoldenCase, MetadataOfThePageHasTheFindingOrNot) {
    const auto page = read_text_file(kPages / (GetParam() + ".md"));
    ASSERT_TRUE(page.has_value()) << page.error().to_string();
    const auto has_finding = [&](const std::string& side, const std::string& metadata) {
        const auto findings = findings_of(GetParam(), side, metadata);
        return std::any_of(findings.all().begin(), findings.all().end(),
                           [&](const Diagnostic& finding) { return finding.id == GetParam(); });
    };
    const auto bad = metadata_below(*page, "Bad");
    EXPECT_TRUE(bad.empty() || has_finding("bad", bad)) << bad;
    const auto good = metadata_below(*page, "Good");
    EXPECT_TRUE(good.empty() || !has_finding("good", good)) << good;
}

INSTANTIATE_TEST_SUITE_P(Rules, GoldenCase, testing::ValuesIn(rule_ids()), [](const auto& name) {
    auto text = name.param;
    std::replace(text.begin(), text.end(), '-', '_');
    return text;
});

TEST(GoldenCases, IdsAreUnique) {
    const auto ids = rule_ids();
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
}

TEST(GoldenCases, EachFolderBelongsToARule) {
    const auto ids = rule_ids();
    for (const auto& entry : fs::directory_iterator(kCases)) {
        if (!entry.is_directory()) continue;
        EXPECT_NE(std::find(ids.begin(), ids.end(), entry.path().filename().string()), ids.end())
            << entry.path();
    }
}

}  // namespace
}  // namespace gadget::validator
