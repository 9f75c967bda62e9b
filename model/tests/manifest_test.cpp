// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "gadget/model/manifest.h"

namespace gadget::model {
namespace {

constexpr std::string_view kGood = R"(name: trace open
description: opened files
datasources:
  open:
    fields:
      fname:
        annotations:
          description: file name
          columns.maxwidth: 64
params:
  ebpf:
    failed_only:
      key: failed
      defaultValue: false
)";

TEST(ParseManifest, ReadsNamesFieldsAndParams) {
    DiagnosticList findings;
    const auto manifest = parse_manifest(kGood, "gadget.yaml", findings);
    ASSERT_TRUE(manifest);
    EXPECT_TRUE(findings.all().empty());
    EXPECT_EQ(manifest->name, "trace open");
    const auto& field = manifest->datasources.at("open").fields.at("fname");
    EXPECT_EQ(field.annotations.at("columns.maxwidth"), "64");
    EXPECT_EQ(field.source.line, 6U);
    EXPECT_EQ(manifest->ebpf_params.at("failed_only").default_value, "false");
    EXPECT_EQ(manifest->text, kGood);
}

TEST(ParseManifest, EmptyFileIsFine) {
    DiagnosticList findings;
    EXPECT_TRUE(parse_manifest("", "gadget.yaml", findings));
}

TEST(ParseManifest, UnknownKeyIsAWarningWithASuggestionAtItsLine) {
    DiagnosticList findings;
    ASSERT_TRUE(parse_manifest("name: x\ndatasourcs:\n", "gadget.yaml", findings));
    ASSERT_EQ(findings.all().size(), 1U);
    EXPECT_EQ(findings.all()[0].id, "unknown-key");
    EXPECT_EQ(findings.all()[0].hint, "did you mean 'datasources'?");
    EXPECT_EQ(std::get<SourceRange>(findings.all()[0].location).line, 2U);
}

TEST(ParseManifest, KeyThatOnlyWorksAtRunTimeIsAWarning) {
    DiagnosticList findings;
    const auto manifest = parse_manifest("dataSources:\n  x: {}\n", "gadget.yaml", findings);
    ASSERT_TRUE(manifest);
    EXPECT_TRUE(manifest->datasources.contains("x"));
    ASSERT_EQ(findings.all().size(), 1U);
    EXPECT_EQ(findings.all()[0].id, "key-case");
}

TEST(ParseManifest, AnnotationInUpperCaseIsAWarningWithTheRightSpelling) {
    DiagnosticList findings;
    const auto manifest = parse_manifest(
        "datasources:\n  x:\n    fields:\n      y:\n        annotations:\n          columns.maxWidth: 8\n",
        "gadget.yaml", findings);
    ASSERT_TRUE(manifest);
    EXPECT_TRUE(manifest->datasources.at("x").fields.at("y").annotations.contains("columns.maxwidth"));
    ASSERT_EQ(findings.all().size(), 1U);
    EXPECT_EQ(findings.all()[0].id, "key-case");
    ASSERT_EQ(findings.all()[0].fixes.size(), 1U);
    EXPECT_EQ(findings.all()[0].fixes[0].replacement, "columns.maxwidth");
    EXPECT_EQ(findings.all()[0].fixes[0].range.line, 6U);
}

TEST(ParseManifest, KeyThatIsNearNoneIsToldWhichThereAre) {
    DiagnosticList findings;
    ASSERT_TRUE(parse_manifest("gadgetParams: {}\n", "gadget.yaml", findings));
    ASSERT_EQ(findings.all().size(), 1U);
    EXPECT_EQ(findings.all()[0].id, "unknown-key");
    EXPECT_NE(findings.all()[0].hint.find("datasources, params"), std::string::npos)
        << findings.all()[0].hint;
}

TEST(ParseManifest, LinesThatAreIndentedDeeperAndDeeperAreNestedTooDeeply) {
    std::string text;
    for (std::size_t depth = 0; depth < 1000; ++depth) text += std::string(depth, ' ') + "a:\n";
    DiagnosticList findings;
    EXPECT_FALSE(parse_manifest(text, "gadget.yaml", findings));
    ASSERT_EQ(findings.all().size(), 1U);
    EXPECT_EQ(findings.all()[0].id, "yaml-limit");
}

TEST(ParseManifest, TabInTheIndentationIsNamed) {
    DiagnosticList findings;
    EXPECT_FALSE(parse_manifest("datasources:\n  open:\n\tfields: {}\n", "gadget.yaml", findings));
    ASSERT_EQ(findings.all().size(), 1U);
    EXPECT_EQ(findings.all()[0].id, "yaml-syntax");
    EXPECT_EQ(findings.all()[0].hint, "line 3 is indented with a tab: YAML allows only spaces there");
}

TEST(ParseManifest, WrongShapesAreErrors) {
    for (const auto* text :
         {"- a\n- b\n", "name: [a]\n", "datasources: 3\n", "name: {\n", "params:\n  ebpf:\n    x: [1]\n",
          "name: a\nname: b\n", "\t: x", "? [a, b]\n: c\n"}) {
        DiagnosticList findings;
        const auto manifest = parse_manifest(text, "gadget.yaml", findings);
        EXPECT_FALSE(manifest) << text;
        EXPECT_TRUE(findings.has_errors()) << text;
    }
}

TEST(ParseManifest, ReadsProgramsDefaultsOperatorsAndOtherParams) {
    DiagnosticList findings;
    const auto manifest = parse_manifest(
        "programs:\n  profiler:\n    perf: {sampleType: sample_raw}\n    sampler.frequency: 49\n"
        "paramDefaults:\n  operator.oci.ebpf.Map-fetch-interval: \"0\"\n"
        "operator:\n  process:\n    emitstats: true\n    fields: [pid, comm]\n"
        "params:\n  wasm:\n    filter: {key: filter, type: string}\n"
        "  custom:\n    mode:\n      defaultValue: a\n      values:\n        a: {patch: {operator: {process: "
        "{count: 1}}}}\n",
        "gadget.yaml", findings);
    ASSERT_TRUE(manifest.has_value());
    EXPECT_TRUE(findings.all().empty());
    const auto& profiler = manifest->programs.at("profiler").settings;
    EXPECT_EQ(profiler.at("perf.sampletype").value, "sample_raw");
    EXPECT_EQ(profiler.at("sampler.frequency").value, "49");
    EXPECT_EQ(profiler.at("sampler.frequency").source.line, 4U);
    EXPECT_EQ(manifest->param_defaults.at("operator.oci.ebpf.map-fetch-interval").value, "0");
    EXPECT_EQ(manifest->operators.at("process.fields").value, "pid,comm");
    EXPECT_EQ(manifest->wasm_params.at("filter").others.at(0).key, "type");
    const auto& mode = manifest->custom_params.at("mode");
    EXPECT_TRUE(mode.has_patch);
    EXPECT_EQ(mode.values, std::vector<std::string>{"a"});
    EXPECT_EQ(mode.patch.at("operator.process.count").value, "1");
}

TEST(ParseManifest, ProposesTheRightKeyWhereTheTextIsPlain) {
    DiagnosticList findings;
    ASSERT_TRUE(parse_manifest("dataSources: {}\n\"descripton\": x\n", "gadget.yaml", findings));
    ASSERT_EQ(findings.all().size(), 2U);
    ASSERT_EQ(findings.all()[0].fixes.size(), 1U);
    EXPECT_EQ(findings.all()[0].fixes[0].replacement, "datasources");
    EXPECT_EQ(findings.all()[0].fixes[0].range, (SourceRange{"gadget.yaml", 1, 1, 1, 12}));
    EXPECT_TRUE(findings.all()[1].fixes.empty());  // quoted
}

TEST(ParseManifest, BombsAreRefused) {
    std::string aliases = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c <= 'i'; ++c) {
        const std::string previous(1, static_cast<char>(c - 1));
        aliases += std::string(1, c) + ": &" + c + " [";
        for (int i = 0; i < 10; ++i) aliases += (i > 0 ? ", *" : "*") + previous;
        aliases += "]\n";
    }
    std::string dashes;
    for (int i = 0; i < 100000; ++i) dashes += "- ";
    for (const auto& text :
         {aliases, std::string(100000, '['), dashes, std::string(2 << 20, 'x'), std::string("a: \0b", 5)}) {
        DiagnosticList findings;
        EXPECT_FALSE(parse_manifest(text, "gadget.yaml", findings));
        EXPECT_TRUE(findings.has_errors());
    }
}

}  // namespace
}  // namespace gadget::model
