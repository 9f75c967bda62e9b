// SPDX-License-Identifier: Apache-2.0
#include "run_filter.h"

#include <gtest/gtest.h>

namespace gadget::cli {
namespace {

TEST(ParseClassicFilter, TakesFourNumbersALine) {
    const auto filter = parse_classic_filter("40 0 0 12\n21 1 255 2048\n6 0 0 4294967295\n");
    ASSERT_TRUE(filter) << filter.error().to_string();
    ASSERT_EQ(filter->size(), 3U);
    EXPECT_EQ(filter->at(1).code, 21);
    EXPECT_EQ(filter->at(1).jump_true, 1);
    EXPECT_EQ(filter->at(1).jump_false, 255);
    EXPECT_EQ(filter->at(2).k, 4294967295U);
}

TEST(ParseClassicFilter, RefusesAnythingElse) {
    for (const char* text :
         {"x", "1 2 3", "1 2 3 4 5", "65536 0 0 0", "1 256 0 0", "1 0 0 4294967296", "\n", "1 0 0 -1"})
        EXPECT_FALSE(parse_classic_filter(text)) << text;
}

TEST(CompilePacketFilter, NamesTheProgramThatIsMissing) {
    const auto filter = compile_packet_filter(std::nullopt, "udp");
    ASSERT_FALSE(filter);
    EXPECT_NE(filter.error().message.find("gadget-filter"), std::string::npos);
    ASSERT_TRUE(filter.error().requirement);
}

#ifdef GADGET_FILTER_EXECUTABLE
TEST(CompilePacketFilter, KnowsTheLanguageOfTcpdump) {
    const auto filter = compile_packet_filter(GADGET_FILTER_EXECUTABLE, "udp dst port 53");
    ASSERT_TRUE(filter) << filter.error().to_string();
    EXPECT_GT(filter->size(), 5U);
    const auto wrong = compile_packet_filter(GADGET_FILTER_EXECUTABLE, "udp dst prot 53");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(wrong.error().message.find("udp dst prot 53"), std::string::npos) << wrong.error().message;
}
#endif

}  // namespace
}  // namespace gadget::cli
