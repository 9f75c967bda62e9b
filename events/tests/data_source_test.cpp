// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sample_event.h"

namespace gadget::events::testing {
namespace {

std::string error_of(const Sample& sample) {
    const auto source = sample.try_source();
    return source ? "" : source.error().to_string();
}

TEST(DataSource, RefusesAFieldThatEndsAfterTheStruct) {
    Sample sample;
    sample.value("a", 1U);
    sample.schema().fields[0].size = 5;
    EXPECT_NE(error_of(sample).find("'a' lies outside the struct"), std::string::npos);
}

TEST(DataSource, RefusesAnOffsetThatWrapsAround) {
    Sample sample;
    sample.value("a", 1U);
    sample.schema().fields[0].offset = 0xfffffffe;
    EXPECT_NE(error_of(sample).find("lies outside the struct"), std::string::npos);
}

TEST(DataSource, RefusesAnArrayWhoseCountIsNotItsSize) {
    Sample sample;
    sample.array<std::uint32_t>("a", {1, 2});
    sample.schema().fields[0].count = 0x40000002;  // 4 * count wraps to 8 in 32 bits
    EXPECT_NE(error_of(sample).find("which is not its size"), std::string::npos);
}

TEST(DataSource, RefusesABitFieldOutsideItsElement) {
    Sample sample;
    sample.value("a", 1U);
    sample.schema().fields[0].bit_offset = 31;
    sample.schema().fields[0].bit_size = 2;
    EXPECT_NE(error_of(sample).find("bit-field"), std::string::npos);
}

TEST(DataSource, RefusesAParentThatComesLaterOrHasNoMembers) {
    Sample sample;
    sample.value("a", 1U).value("b", 2U);
    sample.schema().fields[0].parent = 1;
    EXPECT_NE(error_of(sample).find("enclosing field"), std::string::npos);
    sample.schema().fields[0].parent = -1;
    sample.schema().fields[1].parent = 0;
    EXPECT_NE(error_of(sample).find("enclosing field"), std::string::npos);
}

TEST(DataSource, RefusesDeepNesting) {
    Sample sample;
    for (int i = 0; i < 40; ++i) sample.open("a");
    sample.value("x", 1U);
    for (int i = 0; i < 40; ++i) sample.close();
    EXPECT_NE(error_of(sample).find("nested deeper"), std::string::npos);
}

TEST(DataSource, RefusesHugeStructsAndTooManyFields) {
    Sample huge;
    huge.schema().size = kMaxRecordSize + 1;
    EXPECT_NE(error_of(huge).find("larger than 1 MiB"), std::string::npos);
    Sample many;
    for (std::size_t i = 0; i <= kMaxFields; ++i) many.value("f" + std::to_string(i), std::uint8_t{0});
    EXPECT_NE(error_of(many).find("more than 4096 fields"), std::string::npos);
}

TEST(DataSource, RefusesTwoFieldsOfOneName) {
    Sample sample;
    sample.value("a", 1U).value("a", 2U);
    EXPECT_NE(error_of(sample).find("exists twice"), std::string::npos);
}

TEST(DataSource, AcceptsOverlappingFields) {
    Sample sample;
    sample.value("a", 0x00010002U).value("b", std::uint16_t{0});
    sample.schema().fields[1].offset = 0;
    EXPECT_EQ(sample.json(), "{\"a\":65538,\"b\":2}\n");
}

TEST(DataSource, KeepsAWrongTypeOfARecognisedNameAsItIs) {
    Sample sample;
    sample.value("e_raw", std::uint8_t{2}, {"gadget_errno"}).value("t_raw", 3U, {"gadget_timestamp"});
    EXPECT_EQ(sample.json(), "{\"e_raw\":2,\"t_raw\":3}\n");
}

TEST(DataSource, NamesTheFieldOfAWrongAnnotation) {
    Sample sample;
    sample.value("a", 1U).annotate("a", "columns.alignment", "center");
    EXPECT_NE(error_of(sample).find("field 'a': annotation columns.alignment is 'center'"),
              std::string::npos);
    Sample width;
    width.value("a", 1U).annotate("a", "columns.width", "wide");
    EXPECT_NE(error_of(width).find("columns.width"), std::string::npos);
}

TEST(DataSource, ReadsAnnotationsOfAnyCase) {
    Sample sample;
    sample.value("a", 1U).annotate("A", "columns.Hidden", "true");
    EXPECT_TRUE(sample.source().fields().at(0).hidden);
}

TEST(DataSource, ListsItsFields) {
    const DataSource source = open_event().source();
    std::vector<std::string> visible;
    for (const FieldInfo& field : source.fields()) {
        if (!field.hidden) visible.push_back(field.column);
    }
    EXPECT_EQ(visible,
              (std::vector<std::string>{"comm", "pid", "tid", "fd", "fname", "error", "mode", "flags"}));
}

TEST(DataSource, HidesTheNumbersOfAUserStack) {
    Sample sample;
    sample.value("pid", 1U).open("ustack", {"gadget_user_stack"}).value("inode", std::uint64_t{5}).close();
    EXPECT_EQ(sample.columns(), "PID\n1\n");
    EXPECT_EQ(sample.json(), "{\"pid\":1,\"ustack\":{\"inode\":5}}\n");
}

TEST(DataSource, AddsNoFieldWhoseNameIsTaken) {
    Sample sample;
    sample.value("e_raw", 2U, {"gadget_errno"}).value("e", 7U);
    EXPECT_EQ(sample.json(), "{\"e\":7,\"e_raw\":2}\n");
}

TEST(DataSource, TakesTheTargetFromTheAnnotation) {
    Sample sample;
    sample.value("ret", 2U, {"gadget_errno"}).annotate("ret", "formatters.errno.target", "why");
    EXPECT_EQ(sample.json(), "{\"ret\":2,\"why\":\"ENOENT\"}\n");
}

TEST(ParseNameTable, ReadsPasswdAndSkipsWhatIsNoEntry) {
    const NameTable table = parse_name_table(
        "root:x:0:0:root:/root:/bin/sh\n# note:x:1:\nbroken\nada:x:1000:1000::/:\n"
        "twin:x:1000:1000::/:\nneg:x:-1:0::/:\n+nis::::::\n");
    EXPECT_EQ(table, (NameTable{{0, "root"}, {1000, "ada"}}));
}

TEST(ParseNameTable, ReadsGroup) {
    EXPECT_EQ(parse_name_table("staff:x:50:ada,bob\n"), (NameTable{{50, "staff"}}));
}

}  // namespace
}  // namespace gadget::events::testing
