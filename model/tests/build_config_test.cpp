// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "gadget/model/manifest.h"

namespace gadget::model {
namespace {

TEST(ParseBuildConfig, HasInspektorGadgetsDefaults) {
    DiagnosticList findings;
    const auto config = parse_build_config("", "build.yaml", findings);
    ASSERT_TRUE(config);
    EXPECT_EQ(config->ebpf_source, "program.bpf.c");
    EXPECT_EQ(config->metadata, "gadget.yaml");
    EXPECT_FALSE(config->ebpf_source_given);
}

TEST(ParseBuildConfig, ReadsEveryKey) {
    DiagnosticList findings;
    const auto config = parse_build_config(
        "ebpfsource: src/a.bpf.c\nmetadata: m.yaml\nwasm: x.wasm\ndefines: [A=1, B]\nincludes: "
        "[inc]\nwarnings: [extra]\n",
        "build.yaml", findings);
    ASSERT_TRUE(config);
    EXPECT_EQ(config->ebpf_source, "src/a.bpf.c");
    EXPECT_TRUE(config->ebpf_source_given);
    EXPECT_EQ(config->defines, (std::vector<std::string>{"A=1", "B"}));
    EXPECT_EQ(config->include_dirs, std::vector<std::string>{"inc"});
    EXPECT_EQ(config->warnings, std::vector<std::string>{"extra"});
}

TEST(ParseBuildConfig, ReadsWhatIsAllowedWithReasonAndPlace) {
    DiagnosticList findings;
    const auto config = parse_build_config("allow:\n  map-sizes: why\n  key-case:\n", "build.yaml", findings);
    ASSERT_TRUE(config.has_value());
    ASSERT_EQ(config->allow.size(), 2U);
    EXPECT_EQ(config->allow[0].id, "map-sizes");
    EXPECT_EQ(config->allow[0].reason, "why");
    EXPECT_EQ(config->allow[0].source.line, 2U);
    EXPECT_EQ(config->allow[1].reason, "");
    EXPECT_FALSE(parse_build_config("allow: {a: x, a: y}\n", "build.yaml", findings));
    EXPECT_FALSE(parse_build_config("allow: [a]\n", "build.yaml", findings));
}

TEST(ParseBuildConfig, RefusesUnknownKeysWithASuggestion) {
    DiagnosticList findings;
    const auto config = parse_build_config("ebpfsorce: x\n", "build.yaml", findings);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, ErrorCode::rejected_input);
    EXPECT_EQ(findings.all()[0].hint, "did you mean 'ebpfsource'?");
}

TEST(ParseBuildConfig, ReadsSourcesToLinkOptionsAndSettingsOfOneArchitecture) {
    DiagnosticList findings;
    const auto config = parse_build_config(R"(link: [more.bpf.c]
options: [-mcpu=v3]
arch:
  arm64:
    defines: [ARM]
    includes: [arm]
    warnings: [no-unused]
    options: [-O3]
)",
                                           "build.yaml", findings);
    ASSERT_TRUE(config) << findings.all().at(0).message;
    EXPECT_EQ(config->link, std::vector<std::string>{"more.bpf.c"});
    EXPECT_EQ(config->options, std::vector<std::string>{"-mcpu=v3"});
    ASSERT_EQ(config->arch_settings.size(), 1U);
    const BuildSettings& arm64 = config->arch_settings.at(Arch::arm64);
    EXPECT_EQ(arm64.defines, std::vector<std::string>{"ARM"});
    EXPECT_EQ(arm64.include_dirs, std::vector<std::string>{"arm"});
    EXPECT_EQ(arm64.warnings, std::vector<std::string>{"no-unused"});
    EXPECT_EQ(arm64.options, std::vector<std::string>{"-O3"});
}

struct BadConfig {
    const char* name;
    const char* text;
    const char* message;
    const char* hint;
};

class RefusesBuildConfig : public testing::TestWithParam<BadConfig> {};

TEST_P(RefusesBuildConfig, WithOneFindingThatSaysWhereAndWhatToDo) {
    DiagnosticList findings;
    EXPECT_FALSE(parse_build_config(GetParam().text, "build.yaml", findings));
    ASSERT_EQ(findings.all().size(), 1U);
    const Diagnostic& finding = findings.all()[0];
    EXPECT_EQ(std::get<SourceRange>(finding.location).file, "build.yaml");
    EXPECT_NE(finding.message.find(GetParam().message), std::string::npos) << finding.message;
    EXPECT_NE(finding.hint.find(GetParam().hint), std::string::npos) << finding.hint;
}

INSTANTIATE_TEST_SUITE_P(
    Texts, RefusesBuildConfig,
    testing::Values(BadConfig{"Key", "opions: []\n", "unknown key 'opions'", "did you mean 'options'?"},
                    BadConfig{"Arch", "arch: {amd46: {}}\n", "unknown key 'amd46'", "did you mean 'amd64'?"},
                    BadConfig{"ArchKey", "arch: {amd64: {define: []}}\n", "unknown key 'define'",
                              "'defines'"},
                    BadConfig{"ArchIsList", "arch: [amd64]\n", "'arch' must be a mapping", ""},
                    BadConfig{"ListIsText", "defines: A=1\n", "'defines' must be a list", ""},
                    BadConfig{"Twice", "link: []\nlink: []\n", "given twice", "keep one"},
                    BadConfig{"Syntax", "link: [\n", "", ""},
                    BadConfig{"Scalar", "just words\n", "mapping", ""}),
    [](const auto& tested) { return tested.param.name; });

TEST(ParseBuildConfig, RefusesFreeCompilerFlags) {
    DiagnosticList findings;
    EXPECT_FALSE(parse_build_config("cflags: -fplugin=x.so\n", "build.yaml", findings));
}

}  // namespace
}  // namespace gadget::model
