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

TEST(ParseBuildConfig, RefusesFreeCompilerFlags) {
    DiagnosticList findings;
    EXPECT_FALSE(parse_build_config("cflags: -fplugin=x.so\n", "build.yaml", findings));
}

}  // namespace
}  // namespace gadget::model
