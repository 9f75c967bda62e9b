// SPDX-License-Identifier: Apache-2.0
#include "gadget/events/kernel_symbols.h"

#include <gtest/gtest.h>

namespace gadget::events {
namespace {

constexpr const char* kText =
    "ffffffff81000200 T second\n"
    "ffffffff81000100 T first\n"
    "ffffffff81000100 t alias_of_first\n"
    "ffffffff81000180 d data\n"
    "ffffffffc0000000 t in_module\t[mod]\n"
    "garbage\n"
    "0000000000000000 T hidden\n"
    "ffffffff81000300 T";

TEST(KernelSymbols, FindsTheFunctionAroundAnAddress) {
    const KernelSymbols symbols = KernelSymbols::parse(kText);
    EXPECT_EQ(symbols.find(0xffffffff81000100), "first");
    EXPECT_EQ(symbols.find(0xffffffff810001ff), "first");
    EXPECT_EQ(symbols.find(0xffffffff81000200), "second");
    EXPECT_EQ(symbols.find(0xffffffffc0000010), "in_module");
    EXPECT_EQ(symbols.find(0xffffffff810000ff), std::nullopt);
    EXPECT_EQ(symbols.find(0xffffffff90000000), std::nullopt) << "far from every function";
}

TEST(KernelSymbols, WritesAStackUpToItsEnd) {
    const KernelSymbols symbols = KernelSymbols::parse(kText);
    const std::uint64_t addresses[] = {0xffffffff81000210, 0x1234, 0xffffffff81000101, 0, 0xffffffff81000101};
    std::string out;
    symbols.append_stack(addresses, out);
    EXPECT_EQ(out, "second; 0x1234; first; ");
}

TEST(KernelSymbols, IsEmptyWhenTheKernelHidesAddresses) {
    EXPECT_TRUE(KernelSymbols::parse("0000000000000000 T a\n0000000000000000 T b\n").empty());
}

}  // namespace
}  // namespace gadget::events
