// SPDX-License-Identifier: Apache-2.0
#include "gadget/model/kernel_facts.h"

#include <gtest/gtest.h>

namespace gadget::model {
namespace {

SymbolList sample() {
    return SymbolList::of({{"vfs_read", 'T'},
                           {"do_exit", 'T'},
                           {"jiffies", 'D'},
                           {"tcp_connect", 't'},
                           {"tcp_connect_init", 't'},
                           {"_text", 'A'},
                           {"twice", 'd'},
                           {"twice", 't'},
                           {"bad name", 'T'}});
}

TEST(SymbolList, FindsEachNameAndNoOther) {
    const auto list = sample();
    for (const auto* name : {"vfs_read", "do_exit", "tcp_connect", "tcp_connect_init"})
        EXPECT_TRUE(list.has_function(name)) << name;
    for (const auto* name :
         {"", "a", "zzz", "vfs_rea", "vfs_reads", "tcp_connect_", "bad name", "vfs_read\tT"})
        EXPECT_FALSE(list.has(name)) << name;
}

TEST(SymbolList, TellsFunctionsFromData) {
    const auto list = sample();
    EXPECT_TRUE(list.has("jiffies"));
    EXPECT_FALSE(list.has_function("jiffies"));
    EXPECT_TRUE(list.has_function("twice"));
}

TEST(SymbolList, FindsPrefixes) {
    EXPECT_TRUE(sample().has_prefix("tcp_"));
    EXPECT_TRUE(sample().has_prefix("vfs_read"));
    EXPECT_FALSE(sample().has_prefix("udp_"));
    EXPECT_FALSE(SymbolList().has_prefix("a"));
}

TEST(SymbolList, SurvivesBeingStored) {
    const auto stored = SymbolList::parse(sample().to_text());
    ASSERT_TRUE(stored.has_value());
    EXPECT_TRUE(stored->has_function("do_exit"));
    EXPECT_TRUE(SymbolList::parse("")->empty());
}

TEST(SymbolList, RefusesTextOfAnotherKind) {
    for (const auto* text : {"x", "\n\n\n", "no letters\n", "a\tT\nb\tTT\n"})
        EXPECT_FALSE(SymbolList::parse(text).has_value()) << text;
}

TEST(SymbolList, OffersFunctionsThatCouldBeMeant) {
    const auto names = sample().functions_like("tcp_conect", 10);
    EXPECT_EQ(names, std::vector<std::string>{"tcp_connect"});
    EXPECT_TRUE(sample().functions_like("", 10).empty());
}

TEST(KernelFacts, IsCalledByIdAndArchitecture) {
    EXPECT_EQ((KernelFacts{.id = "6.12", .arch = Arch::arm64}.name()), "6.12/arm64");
}

}  // namespace
}  // namespace gadget::model
