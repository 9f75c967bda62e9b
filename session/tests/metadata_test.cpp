// SPDX-License-Identifier: Apache-2.0
#include "metadata.h"

#include <gtest/gtest.h>

#include "source_plan.h"

namespace gadget::session {
namespace {

constexpr const char* kText = R"(
name: sample
programs:
  on_open:
    attach_to: vfs_open
  sampler:
    perf: {type: software, sampleType: sample_raw}
    sampler: {frequency: "99"}
paramDefaults:
  operator.oci.ebpf.map-fetch-interval: "0"
operator:
  process:
    emitstats: true
    interval: 5s
    fields: [pid, comm]
  cgroup:
    emitstats: false
params:
  custom:
    target:
      description: what to hook
      alias: t
      values:
        open: {patch: {programs: {on_open: {attach_to: vfs_open}}}}
        none: {patch: {programs: {on_open: {attach_to: gadget_program_disabled}}}}
    interval:
      defaultValue: 7s
      patch:
        operator: {process: {interval: '{{ getParamValue "custom.interval" }}', note: 'was {{getConfig "operator.process.interval"}}'}}
)";

TEST(RunMetadata, ReadsProgramsOperatorsAndDefaults) {
    const auto metadata = read_run_metadata(kText, "sample");
    ASSERT_TRUE(metadata) << metadata.error().to_string();
    EXPECT_EQ(metadata->programs.at("on_open").attach_to, "vfs_open");
    EXPECT_EQ(metadata->programs.at("sampler").settings.at("perf.sampletype"), "sample_raw");
    EXPECT_EQ(metadata->programs.at("sampler").settings.at("sampler.frequency"), "99");
    EXPECT_EQ(metadata->param_defaults.at("operator.oci.ebpf.map-fetch-interval"), "0");
    ASSERT_EQ(metadata->statistics.size(), 1U);
    EXPECT_EQ(metadata->statistics.at("process").interval, "5s");
    EXPECT_EQ(metadata->statistics.at("process").fields, (std::vector<std::string>{"pid", "comm"}));
}

TEST(RunMetadata, RefusesWhatIsNoYaml) {
    for (const char* text : {"a: [", "- 1\n- 2\n", "datasources: 3\n"}) {
        const auto metadata = read_run_metadata(text, "sample");
        ASSERT_FALSE(metadata) << text;
        EXPECT_EQ(metadata.error().code, ErrorCode::rejected_input);
    }
}

TEST(CustomParams, AreListedWithTheirValues) {
    const auto params = custom_params(kText);
    ASSERT_TRUE(params) << params.error().to_string();
    ASSERT_EQ(params->size(), 2U);
    EXPECT_EQ(params->at(0).key, "target");
    EXPECT_EQ(params->at(0).possible_values, (std::vector<std::string>{"open", "none"}));
    EXPECT_EQ(params->at(1).default_value, "7s");
}

std::string patched(const ParamWords& values) {
    const auto text = apply_custom_params(kText, *custom_params(kText), values);
    return text ? *text : "error: " + text.error().to_string();
}

TEST(CustomParams, ValuesChangeTheMetadata) {
    const auto metadata = read_run_metadata(patched({{"target", "none"}}), "sample");
    ASSERT_TRUE(metadata) << metadata.error().to_string();
    EXPECT_EQ(metadata->programs.at("on_open").attach_to, "gadget_program_disabled");
    EXPECT_EQ(metadata->programs.at("sampler").settings.at("sampler.frequency"), "99") << "the rest stays";
}

TEST(CustomParams, TemplatesSeeValuesAndConfiguration) {
    EXPECT_EQ(read_run_metadata(patched({}), "sample")->statistics.at("process").interval, "7s");
    const std::string text = patched({{"interval", "9s"}});
    EXPECT_EQ(read_run_metadata(text, "sample")->statistics.at("process").interval, "9s");
    EXPECT_NE(text.find("was 5s"), std::string::npos) << text;
}

TEST(CustomParams, WrongValuesAndPatchesAreRefused) {
    EXPECT_NE(patched({{"target", "both"}}).find("'both' is not open or none"), std::string::npos);
    const auto refused = [](const std::string& patch) {
        const std::string text = "params: {custom: {x: {defaultValue: a, patch: " + patch + "}}}\n";
        const auto params = custom_params(text);
        const auto result = apply_custom_params(text, *params, {});
        return result ? std::string() : result.error().message;
    };
    EXPECT_NE(refused("{params: {custom: {y: {}}}}").find("params.custom"), std::string::npos);
    EXPECT_NE(refused("{a: '{{ exec \"sh\" }}'}").find("'exec' is not known"), std::string::npos);
    EXPECT_NE(refused("{a: '{{ getParamValue'}").find("no '}}'"), std::string::npos);
    EXPECT_NE(refused("[1]").find("not a mapping"), std::string::npos);
}

TEST(Annotations, LieOverTheMetadata) {
    model::Manifest manifest;
    ASSERT_TRUE(apply_annotations({"open:fetch-interval=2s", "open.proc.pid:Columns.Hidden=true"}, manifest));
    EXPECT_EQ(manifest.datasources.at("open").annotations.at("fetch-interval"), "2s");
    EXPECT_EQ(manifest.datasources.at("open").fields.at("proc.pid").annotations.at("columns.hidden"), "true");
    for (const char* text : {"open", ":a=b", "open:", "open:=b", "open:a"}) {
        EXPECT_FALSE(apply_annotations({text}, manifest)) << text;
    }
}

}  // namespace
}  // namespace gadget::session
