// SPDX-License-Identifier: Apache-2.0
#include "gadget/session/params.h"

#include <gtest/gtest.h>

#include <cstring>

namespace gadget::session {
namespace {

model::Field field(model::FieldKind kind, std::uint32_t size) {
    return {.name = "v",
            .path = "v",
            .kind = kind,
            .size = size,
            .element_size = kind == model::FieldKind::c_string ? 1 : size};
}

Param param(const std::string& key, model::FieldKind kind, std::uint32_t size) {
    return {.key = key, .variable = "var_" + key, .type = "t", .field = field(kind, size)};
}

Result<std::vector<ParamValue>> assign(const std::vector<Param>& params,
                                       const std::vector<std::string>& words) {
    GADGET_TRY_ASSIGN(const ParamWords values, split_param_words(params, words));
    return assign_params(params, values);
}

std::vector<Param> sample() {
    return {param("pid", model::FieldKind::unsigned_int, 4), param("failed", model::FieldKind::boolean, 1),
            param("comm", model::FieldKind::c_string, 16), param("delta", model::FieldKind::signed_int, 2)};
}

TEST(AssignParams, TakesBothSpellingsAndBareFlags) {
    const auto values = assign(sample(), {"--pid", "258", "--failed", "--comm=cat", "--delta", "-2"});
    ASSERT_TRUE(values) << values.error().to_string();
    ASSERT_EQ(values->size(), 4U);
    EXPECT_EQ((*values)[0].variable, "var_pid");
    EXPECT_EQ((*values)[0].value, (Bytes{std::byte{2}, std::byte{1}, std::byte{0}, std::byte{0}}));
    EXPECT_EQ((*values)[1].value, Bytes{std::byte{1}});
    EXPECT_EQ((*values)[2].value.size(), 16U);
    EXPECT_EQ((*values)[3].value, (Bytes{std::byte{0xfe}, std::byte{0xff}}));
}

TEST(AssignParams, BareFlagDoesNotSwallowTheNextOption) {
    const auto values = assign(sample(), {"--failed", "--pid", "1"});
    ASSERT_TRUE(values);
    EXPECT_EQ(values->size(), 2U);
}

TEST(AssignParams, RefusesWhatDoesNotFit) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"--pid", "4294967296"},
                                               {"--pid", "-1"},
                                               {"--pid", "x"},
                                               {"--pid", ""},
                                               {"--pid"},
                                               {"--delta", "32768"},
                                               {"--failed=maybe"},
                                               {"--comm", "sixteen-bytes-16"},
                                               {"word"},
                                               {"--"}}) {
        const auto values = assign(sample(), words);
        ASSERT_FALSE(values) << words[0];
        EXPECT_EQ(values.error().code, ErrorCode::invalid_argument);
    }
    EXPECT_NE(assign(sample(), {"--pid", "70000000000"}).error().message.find("from 0 to 4294967295"),
              std::string::npos);
    EXPECT_NE(assign(sample(), {"--delta", "x"}).error().message.find("from -32768 to 32767"),
              std::string::npos);
}

TEST(AssignParams, SuggestsTheNearestFlag) {
    EXPECT_EQ(assign(sample(), {"--pidd", "1"}).error().hint, "did you mean '--pid'?");
}

TEST(AssignParams, StringsKeepTheirDefault) {
    auto params = sample();
    params[2].default_value = "sh";
    const auto values = assign(params, {});
    ASSERT_TRUE(values);
    ASSERT_EQ(values->size(), 1U);
    EXPECT_STREQ(reinterpret_cast<const char*>((*values)[0].value.data()), "sh");
}

model::ObjectFacts facts_with(const std::string& variable, model::Field type, Bytes initial) {
    model::ObjectFacts facts;
    facts.params = {variable};
    facts.variables.push_back({.name = variable,
                               .section = ".rodata",
                               .size = type.size,
                               .type = std::move(type),
                               .initial = std::move(initial)});
    return facts;
}

TEST(GadgetParams, NamesWellKnownVariablesAndReadsInitialValues) {
    const auto facts =
        facts_with("targ_uid", field(model::FieldKind::unsigned_int, 4), Bytes(4, std::byte{0xff}));
    const auto params = gadget_params(facts, nullptr);
    ASSERT_EQ(params.size(), 1U);
    EXPECT_EQ(params[0].key, "uid");
    EXPECT_EQ(params[0].default_value, "4294967295");
    EXPECT_EQ(params[0].type, "uint32");
}

TEST(GadgetParams, ReadsNegativeInitialValues) {
    const auto facts =
        facts_with("delta", field(model::FieldKind::signed_int, 2), Bytes{std::byte{0xfe}, std::byte{0xff}});
    EXPECT_EQ(gadget_params(facts, nullptr).at(0).default_value, "-2");
}

TEST(GadgetParams, MetadataGivesKeyAndDescription) {
    const auto facts = facts_with("failed_only", field(model::FieldKind::boolean, 1), Bytes{std::byte{0}});
    model::Manifest manifest;
    manifest.ebpf_params["failed_only"] = {.key = "failed", .description = "d"};
    const auto params = gadget_params(facts, &manifest);
    EXPECT_EQ(params.at(0).key, "failed");
    EXPECT_EQ(params.at(0).default_value, "false");
    EXPECT_NE(describe_params(params).find("--failed bool"), std::string::npos);
}

Param list_param() {
    Param param{.key = "ports", .variable = "ports", .type = "uint16 list (at most 3)"};
    param.field = {
        .kind = model::FieldKind::unsigned_int, .size = 6, .element_size = 2, .count = 3, .is_array = true};
    return param;
}

TEST(ParamValue, ListsFillTheArrayAndStopAtItsEnd) {
    const auto value = parse_param_value(list_param(), "80, 443");
    ASSERT_TRUE(value) << value.error().to_string();
    EXPECT_EQ(*value, (Bytes{std::byte{80}, std::byte{0}, std::byte{0xbb}, std::byte{1}, std::byte{0},
                             std::byte{0}}));
    EXPECT_NE(parse_param_value(list_param(), "1,2,3,4").error().message.find("at most 3"),
              std::string::npos);
    EXPECT_NE(parse_param_value(list_param(), "1,70000").error().message.find("from 0 to 65535"),
              std::string::npos);
    EXPECT_FALSE(parse_param_value(list_param(), "1,,2"));
}

TEST(ParamValue, EnumsTakeNamesAndNumbers) {
    Param param{.key = "mode", .variable = "mode"};
    param.field = {.kind = model::FieldKind::unsigned_int, .size = 4, .element_size = 4};
    param.field.enumerators = {{"slow", 3}, {"fast", 7}};
    EXPECT_EQ(parse_param_value(param, "fast")->at(0), std::byte{7});
    EXPECT_EQ(parse_param_value(param, "3")->at(0), std::byte{3});
    EXPECT_NE(parse_param_value(param, "fats").error().message.find("one of slow or fast"),
              std::string::npos);
}

TEST(ParamValue, AddressesOfBothKindsFillTheEndpoint) {
    Param param{.key = "host", .variable = "host"};
    param.field = {.kind = model::FieldKind::structure, .size = 32, .element_size = 32};
    param.field.type_names = {"gadget_l3endpoint_t"};
    const auto v4 = parse_param_value(param, "10.1.2.3");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->size(), 32U);
    EXPECT_EQ(v4->at(0), std::byte{10});
    EXPECT_EQ(v4->at(16), std::byte{4});
    EXPECT_EQ(parse_param_value(param, "::1")->at(16), std::byte{6});
    EXPECT_NE(parse_param_value(param, "10.1.2").error().message.find("an IPv4 or IPv6 address"),
              std::string::npos);
}

TEST(ParamValue, FloatsOutsideTheirRangeAreRefused) {
    Param param{.key = "rate", .variable = "rate"};
    param.field = {.kind = model::FieldKind::floating, .size = 4, .element_size = 4};
    EXPECT_EQ(parse_param_value(param, "1.5")->size(), 4U);
    for (const char* text : {"1e39", "inf", "nan", "1.5x", ""}) {
        const auto value = parse_param_value(param, text);
        ASSERT_FALSE(value) << text;
        EXPECT_NE(value.error().message.find("to 3.40282e+38"), std::string::npos) << value.error().message;
    }
}

TEST(ParamValue, OnlyPossibleValuesAreTaken) {
    Param param = sample()[2];
    param.possible_values = {"cat", "dog"};
    EXPECT_TRUE(parse_param_value(param, "dog"));
    EXPECT_NE(parse_param_value(param, "cow").error().message.find("cat or dog"), std::string::npos);
}

TEST(GadgetParams, ReadsFloatsEnumsAndLists) {
    auto type = field(model::FieldKind::floating, 8);
    Bytes initial(8);
    const double value = 2.5;
    std::memcpy(initial.data(), &value, sizeof value);
    EXPECT_EQ(gadget_params(facts_with("rate", type, initial), nullptr).at(0).default_value, "2.5");

    auto list = list_param().field;
    const Bytes ports{std::byte{80}, std::byte{0}, std::byte{0xbb}, std::byte{1}, std::byte{0}, std::byte{0}};
    EXPECT_EQ(gadget_params(facts_with("ports", list, ports), nullptr).at(0).default_value, "80,443");

    auto choice = field(model::FieldKind::unsigned_int, 1);
    choice.enumerators = {{"slow", 3}};
    const auto params = gadget_params(facts_with("mode", choice, Bytes{std::byte{3}}), nullptr);
    EXPECT_EQ(params.at(0).default_value, "slow");
    EXPECT_TRUE(assign_params(params, {})->empty()) << "the object holds it already";
}

}  // namespace
}  // namespace gadget::session
