// SPDX-License-Identifier: Apache-2.0
#include "pattern.h"

#include <gtest/gtest.h>

namespace gadget::events::detail {
namespace {

struct Case {
    const char* pattern;
    const char* text;
    bool expected;
};

class RegexSearch : public ::testing::TestWithParam<Case> {};

TEST_P(RegexSearch, Decides) {
    auto regex = Regex::compile(GetParam().pattern);
    ASSERT_TRUE(regex) << regex.error().to_string();
    EXPECT_EQ(regex->search(GetParam().text), GetParam().expected)
        << GetParam().pattern << " on " << GetParam().text;
    EXPECT_EQ(regex->search(GetParam().text), GetParam().expected) << "second use";
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, RegexSearch,
    ::testing::Values(
        Case{"", "", true}, Case{"b", "abc", true}, Case{"^b", "abc", false}, Case{"^abc$", "abc", true},
        Case{"a.c", "a\nc", false}, Case{"(?s)a.c", "a\nc", true}, Case{"a|bc", "xbc", true},
        Case{"a|", "x", true}, Case{"^(ab)*$", "abab", true}, Case{"^(ab)*$", "aba", false},
        Case{"^a{2,3}$", "aa", true}, Case{"^a{2,3}$", "aaaa", false}, Case{"^a{2}$", "aaa", false},
        Case{"^a{2,}$", "aaaaa", true}, Case{"^a{0}$", "", true}, Case{"a{,2}", "a{,2}", true},
        Case{"^[a-c]+$", "abc", true}, Case{"^[^a-c]+$", "xyz", true}, Case{"^[^a-c]+$", "xbz", false},
        Case{"^[]a]+$", "]a]", true}, Case{"^[a-]+$", "-a", true}, Case{"^[\\d_]+$", "1_2", true},
        Case{"^[[:upper:]]+$", "ABC", true}, Case{"^[[:^upper:]]+$", "aBC", false},
        Case{"(?i)HELLO", "hello", true}, Case{"(?i:h)ELLO", "hELLO", true},
        Case{"(?i:h)ELLO", "hello", false}, Case{"\\bcat\\b", "a cat!", true},
        Case{"\\bcat\\b", "concat", false}, Case{"\\Bcat", "concat", true}, Case{"\\.so$", "libc.so", true},
        Case{"\\.so$", "libcxso", false}, Case{"\\x41\\x{1F600}", "A\xf0\x9f\x98\x80", true},
        Case{"^.$", "\xc3\xa9", true}, Case{"^..$", "\xff\xfe", true}, Case{"\\Qa.b\\E", "a.b", true},
        Case{"\\Qa.b\\E", "axb", false}, Case{"(?m)^b$", "a\nb\nc", true}, Case{"^b$", "a\nb\nc", false},
        Case{"(?P<name>x)y", "xy", true}, Case{"a+?b", "aab", true}, Case{"^(a|b|)c", "c", true},
        Case{"()*", "", true}, Case{"(a*)*$", "aaab", true}, Case{"\\s\\S\\w\\W", " x_-", true}));

TEST(Regex, NamesWhatIsWrong) {
    for (const char* pattern : {"(", ")", "[", "a**", "*", "[b-a]", "\\", "\\p{L}", "\\1", "(?=a)", "a{1001}",
                                "[[:nope:]]", "(?P<x"}) {
        const auto regex = Regex::compile(pattern);
        ASSERT_FALSE(regex) << pattern;
        EXPECT_NE(regex.error().message.find("at position"), std::string::npos);
    }
}

TEST(Regex, RefusesPatternsThatGrowTooLarge) {
    EXPECT_FALSE(Regex::compile("((a{100}){100}){100}"));
    EXPECT_FALSE(Regex::compile(std::string(5000, 'a')));
    EXPECT_FALSE(Regex::compile(std::string(500, '(') + std::string(500, ')')));
}

TEST(Regex, StaysLinearOnPatternsThatMakeBacktrackingExplode) {
    auto regex = Regex::compile("^(a+)+$");
    ASSERT_TRUE(regex);
    EXPECT_FALSE(regex->search(std::string(20000, 'a') + "b"));
    auto nested = Regex::compile("(a|aa)*(a|aa)*(a|aa)*c");
    ASSERT_TRUE(nested);
    EXPECT_FALSE(nested->search(std::string(20000, 'a')));
}

}  // namespace
}  // namespace gadget::events::detail
