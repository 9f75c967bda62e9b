// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"

#include <gtest/gtest.h>

namespace gadget {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
    EXPECT_EQ(edit_distance("kprobe", "kprobe"), 0U);
    EXPECT_EQ(edit_distance("kprobee", "kprobe"), 1U);
    EXPECT_EQ(edit_distance("kprbe", "kprobe"), 1U);
    EXPECT_EQ(edit_distance("kprobe", "kpribe"), 1U);
    EXPECT_EQ(edit_distance("evnets", "events"), 1U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
}

TEST(DidYouMean, OffersTheNearestAndStaysSilentWhenNothingIsNear) {
    const std::vector<std::string> names{"events", "counts"};
    EXPECT_EQ(did_you_mean("evnets", names), "did you mean 'events'?");
    EXPECT_EQ(did_you_mean("completely", names), "");
}

TEST(HumanBytes, UsesDecimalUnits) {
    EXPECT_EQ(human_bytes(0), "0 B");
    EXPECT_EQ(human_bytes(999), "999 B");
    EXPECT_EQ(human_bytes(1000), "1.0 kB");
    EXPECT_EQ(human_bytes(82854982), "83 MB");
}

TEST(Printable, ReplacesWhatCouldGarbleATerminal) {
    EXPECT_EQ(printable("ok\ttab"), "ok\ttab");
    EXPECT_EQ(printable("a\033[31mb"), "a\xef\xbf\xbd[31mb");
    EXPECT_EQ(printable("\xff\xc3\xa9"), "\xef\xbf\xbd\xc3\xa9");
    EXPECT_EQ(printable("\xed\xa0\x80").find('\xed'), std::string::npos);
    EXPECT_EQ(printable("\xc2\x9b"), "\xef\xbf\xbd");
}

TEST(JoinWords, ReadsAsASentence) {
    EXPECT_EQ(join_words(std::vector<std::string>{"a", "b", "c"}), "a, b and c");
    EXPECT_EQ(join_words(std::vector<std::string>{"a"}), "a");
}

TEST(Split, KeepsEmptyParts) {
    EXPECT_EQ(split("a,,b", ',').size(), 3U);
    EXPECT_EQ(split("", ',').size(), 1U);
}

}  // namespace
}  // namespace gadget
