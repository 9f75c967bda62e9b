// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sample_event.h"

namespace gadget::events::testing {
namespace {

TEST(ColumnsWriter, UsesTheWidthsOfTheAnnotationsWithoutATerminal) {
    Sample sample;
    sample.text("comm", "cat", 16, {"gadget_comm"})
        .value("pid", 42U, {"gadget_pid"})
        .text("name", "x", 8)
        .annotate("pid", "columns.width", "7");
    EXPECT_EQ(sample.columns(), "COMM                 PID NAME\ncat                   42 x\n");
}

TEST(ColumnsWriter, ShowsAnOpenEvent) {
    EXPECT_EQ(open_event().columns(0, "comm,pid,fd,error,flags,fname"),
              "COMM                          PID FD               ERROR        FLAGS            FNAME\n"
              "cat                          4242 3                ENOENT       O_RDONLY|O_CLOE\xe2\x80\xa6 "
              "/etc/passwd\n");
}

TEST(ColumnsWriter, FillsAWideTerminal) {
    Sample sample;
    sample.value("a", 1U).value("b", 2U).annotate("a", "columns.maxwidth", "16");
    EXPECT_EQ(sample.columns(60).substr(0, 20), "A                B\n1");
    Sample text;
    text.text("a", std::string(50, 'y'), 64).text("b", "x", 4).annotate("b", "columns.fixed", "true");
    EXPECT_EQ(text.columns(60),
              "A" + std::string(43, ' ') + "B\n" + std::string(42, 'y') + "\xe2\x80\xa6 x\n");
}

TEST(ColumnsWriter, FitsANarrowTerminal) {
    const std::string text = open_event().columns(40);
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = text.find('\n', begin);
        std::size_t cells = 0;
        for (std::size_t i = begin; i < end; ++i)
            cells += (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 ? 1 : 0;
        EXPECT_LE(cells, 40U) << text;
        begin = end + 1;
    }
}

TEST(ColumnsWriter, LosesLastColumnsWhenNothingElseHelps) {
    Sample sample;
    sample.value("aaaa", 1U).value("bbbb", 2U).value("cccc", 3U);
    EXPECT_EQ(sample.columns(9), "AAAA BBBB\n1    2\n");
    EXPECT_EQ(sample.columns(2), "A\xe2\x80\xa6\n1\n");
}

TEST(ColumnsWriter, PlacesTheEllipsis) {
    Sample sample;
    sample.text("a", "abcdefghij", 10)
        .text("b", "abcdefghij", 10)
        .text("c", "abcdefghij", 10)
        .text("d", "abcdefghij", 10);
    for (const char* name : {"a", "b", "c", "d"}) sample.annotate(name, "columns.width", "5");
    sample.annotate("a", "columns.ellipsis", "start")
        .annotate("b", "columns.ellipsis", "middle")
        .annotate("c", "columns.ellipsis", "end")
        .annotate("d", "columns.ellipsis", "");
    EXPECT_EQ(sample.columns(),
              "A     B     C     D\n\xe2\x80\xa6ghij ab\xe2\x80\xa6ij abcd\xe2\x80\xa6 abcde\n");
}

TEST(ColumnsWriter, CountsCellsNotBytes) {
    Sample sample;
    sample.text("a", "\xc3\xa9\xc3\xa9", 8).text("b", "\xe4\xb8\xad\xe6\x96\x87", 8).value("c", 1U);
    sample.annotate("a", "columns.width", "4").annotate("b", "columns.width", "5");
    EXPECT_EQ(sample.columns(), "A    B     C\n\xc3\xa9\xc3\xa9   \xe4\xb8\xad\xe6\x96\x87  1\n");
}

TEST(ColumnsWriter, ShowsControlCharactersInsteadOfObeyingThem) {
    Sample sample;
    sample.text("a", "\x1b[2Jx\n\x7f\xc2\x9b\xff", 16).annotate("a", "columns.width", "40");
    EXPECT_EQ(sample.columns(), "A\n\\x1b[2Jx\\n\\x7f\\x9b\xef\xbf\xbd\n");
}

TEST(ColumnsWriter, SanitisesHeaders) {
    Sample sample;
    sample.value("a\x1b[0m", 1U);
    EXPECT_EQ(sample.columns(), "A\\X1B[0M\n1\n");
}

TEST(ColumnsWriter, FollowsTheFieldList) {
    Sample sample;
    sample.value("a", 1U).value("b", 2U).value("c", 3U).annotate("c", "columns.hidden", "true");
    for (const char* name : {"a", "b", "c"}) sample.annotate(name, "columns.width", "1");
    EXPECT_EQ(sample.columns(), "A B\n1 2\n");
    EXPECT_EQ(sample.columns(0, "c,a"), "C A\n3 1\n");
    EXPECT_EQ(sample.columns(0, "+C"), "A B C\n1 2 3\n");
    EXPECT_EQ(sample.columns(0, "-a,+c"), "B C\n2 3\n");
}

TEST(ColumnsWriter, RefusesAnUnknownField) {
    Sample sample;
    sample.value("process", 1U);
    const auto writer = ColumnsWriter::create(sample.source(), {.fields = "proces"});
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, ErrorCode::rejected_input);
    EXPECT_NE(writer.error().to_string().find("did you mean 'process'"), std::string::npos)
        << writer.error().to_string();
}

TEST(ColumnsWriter, ShowsAnEndpointInTheColumnOfItsStructure) {
    Sample sample;
    sample.open("src", {"gadget_l4endpoint_t"})
        .blob("addr_raw", {10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {"gadget_ip_addr_t"})
        .value("port", std::uint16_t{443})
        .value("proto_raw", std::uint16_t{17})
        .value("version", std::uint8_t{4})
        .close();
    EXPECT_EQ(sample.columns(), "SRC\n10.0.0.1:443\n");
    EXPECT_EQ(sample.columns(0, "src.addr,src.proto"), "SRC.ADDR         SRC.PROTO\n10.0.0.1         UDP\n");
}

TEST(ColumnsWriter, ShowsHexPrecisionReplacementAndByteCounts) {
    Sample sample;
    sample.value("a", std::int16_t{-1})
        .value("b", 2.0)
        .array<std::uint8_t>("c", {1, 2})
        .value("d", 1U)
        .value("e", 5U);
    sample.annotate("a", "columns.hex", "true")
        .annotate("b", "columns.precision", "3")
        .annotate("d", "columns.replace", "e")
        .annotate("e", "columns.hidden", "true")
        .annotate("c", "columns.alias", "data");
    EXPECT_EQ(sample.columns(),
              "A                B                DATA             D\n"
              "0xffff           2.000            <2 bytes>        5\n");
}

TEST(ColumnsWriter, TakesTheWidthOfTheType) {
    Sample sample;
    sample.value("a", std::uint8_t{1}).value("b", std::uint8_t{2});
    sample.annotate("a", "columns.width", "type").annotate("b", "columns.width", "type");
    EXPECT_EQ(sample.columns(), "A   B\n1   2\n");
}

}  // namespace
}  // namespace gadget::events::testing
