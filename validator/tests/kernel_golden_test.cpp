// SPDX-License-Identifier: Apache-2.0
// One case for each rule about kernels and targets: tests/golden/kernels/<id>/bad has the finding, good has
// none. GADGET_TEST_ACCEPT=1 writes expected.json anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "gadget/validator.h"
#include "sample_kernel.h"
#include "sample_target.h"

namespace gadget::validator {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

const fs::path kCases = GADGETKIT_KERNEL_CASES;
const fs::path kObjects = GADGETKIT_KERNEL_OBJECTS;
const fs::path kPages = GADGETKIT_DIAGNOSTICS;

DiagnosticList findings_of(const std::string& id, const std::string& side) {
    DiagnosticList findings;
    const auto object = read_file(kObjects / id / (side + ".bpf.o"));
    EXPECT_TRUE(object.has_value()) << object.error().to_string();
    if (!object) return findings;
    const auto facts = inspect(*object, {.object_name = "amd64 object"});
    EXPECT_TRUE(facts.has_value()) << facts.error().to_string();
    if (!facts) return findings;
    if (id.starts_with("target-")) {
        const auto target = read_target(make_target(), "/usr/lib/libsample.so.1");
        EXPECT_TRUE(target.has_value()) << target.error().to_string();
        if (target) check_target(*facts, *target, findings);
        return findings;
    }
    auto kernel = sample_kernel();
    if (id == "kernel-no-btf") kernel.btf.clear();
    if (id == "kernel-target-unconfirmed") kernel.has_module_symbols = false;
    const auto row = check_kernel(*object, *facts, kernel);
    EXPECT_TRUE(row.has_value()) << row.error().to_string();
    if (row) report_kernels(*facts, {&*row, 1}, findings);
    return findings;
}

ordered_json to_json(const DiagnosticList& findings) {
    auto json = ordered_json::array();
    for (const auto& finding : findings.all()) {
        json.push_back({{"id", finding.id},
                        {"severity", to_string(finding.severity)},
                        {"message", finding.message},
                        {"hint", finding.hint},
                        {"location", to_string(finding.location)}});
    }
    return json;
}

std::vector<RuleInfo> all_rules() {
    std::vector<RuleInfo> rules(kernel_rules().begin(), kernel_rules().end());
    rules.insert(rules.end(), target_rules().begin(), target_rules().end());
    return rules;
}

std::vector<std::string> rule_ids() {
    std::vector<std::string> ids;
    for (const auto& rule : all_rules()) ids.emplace_back(rule.id);
    return ids;
}

class KernelGolden : public testing::TestWithParam<std::string> {};

TEST_P(KernelGolden, BadHasExactlyTheExpectedFindings) {
    const auto findings = findings_of(GetParam(), "bad");
    const auto actual = to_json(findings).dump(2) + "\n";
    const auto file = kCases / GetParam() / "bad" / "expected.json";
    if (const char* accept = std::getenv("GADGET_TEST_ACCEPT");
        accept != nullptr && std::string_view(accept) == "1") {
        ASSERT_TRUE(write_file_atomic(file, actual).has_value());
        GTEST_SKIP() << "accepted: " << file;
    }
    const auto text = read_text_file(file);
    ASSERT_TRUE(text.has_value()) << text.error().to_string();
    EXPECT_EQ(actual, *text);
    const auto own = [&](const Diagnostic& finding) { return finding.id == GetParam(); };
    EXPECT_TRUE(std::any_of(findings.all().begin(), findings.all().end(), own))
        << "the bad example does not show the rule";
}

TEST_P(KernelGolden, FindingsHaveTheSeverityOfTheirRule) {
    const auto findings = findings_of(GetParam(), "bad");
    for (const auto& finding : findings.all()) {
        for (const auto& rule : all_rules()) {
            if (rule.id != finding.id) continue;
            EXPECT_EQ(finding.severity, rule.severity) << finding.message;
        }
    }
}

TEST_P(KernelGolden, GoodHasNoFinding) {
    const auto findings = findings_of(GetParam(), "good");
    for (const auto& finding : findings.all()) ADD_FAILURE() << render(finding, {}, {});
}

TEST_P(KernelGolden, PageExplainsWithBothExamples) {
    const auto page = read_text_file(kPages / (GetParam() + ".md"));
    ASSERT_TRUE(page.has_value()) << page.error().to_string();
    EXPECT_TRUE(page->starts_with("# " + GetParam() + "\n"));
    for (const auto* heading : {"\n## Why\n", "\n## Bad\n", "\n## Good\n"})
        EXPECT_NE(page->find(heading), std::string::npos) << "missing: " << heading;
}

INSTANTIATE_TEST_SUITE_P(Rules, KernelGolden, testing::ValuesIn(rule_ids()), [](const auto& name) {
    auto text = name.param;
    std::replace(text.begin(), text.end(), '-', '_');
    return text;
});

TEST(KernelGoldenCases, IdsAreUniqueAmongAllRules) {
    auto ids = rule_ids();
    for (const auto& rule : rules()) ids.emplace_back(rule.id);
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
}

TEST(KernelGoldenCases, EachFolderBelongsToARule) {
    const auto ids = rule_ids();
    for (const auto& entry : fs::directory_iterator(kCases)) {
        if (!entry.is_directory()) continue;
        EXPECT_NE(std::find(ids.begin(), ids.end(), entry.path().filename().string()), ids.end())
            << entry.path();
    }
}

}  // namespace
}  // namespace gadget::validator
