// SPDX-License-Identifier: Apache-2.0
#include "gadget/model/section_table.h"

#include <gtest/gtest.h>

#include <set>

namespace gadget::model {
namespace {

TEST(ParseSection, TakesPrefixAndTargetApart) {
    const auto section = parse_section("kprobe/do_unlinkat");
    ASSERT_TRUE(section);
    EXPECT_EQ(section->kind->attach, AttachKind::kprobe);
    EXPECT_EQ(section->target, "do_unlinkat");
    EXPECT_FALSE(section->optional);
}

TEST(ParseSection, KeepsSlashesOfTheTarget) {
    EXPECT_EQ(parse_section("tracepoint/syscalls/sys_enter_openat")->target, "syscalls/sys_enter_openat");
    EXPECT_EQ(parse_section("uprobe//usr/bin/bash:readline")->target, "/usr/bin/bash:readline");
}

TEST(ParseSection, KnowsOptionalProgramsAndSocketLabels) {
    EXPECT_TRUE(parse_section("?fentry/x")->optional);
    EXPECT_EQ(parse_section("socket1")->kind->attach, AttachKind::socket_filter);
    EXPECT_EQ(parse_section("socket1")->target, "1");
}

TEST(ParseSection, RefusesWhatIsNoSection) {
    EXPECT_FALSE(parse_section("kprobee/x"));
    EXPECT_FALSE(parse_section(""));
    EXPECT_FALSE(parse_section("/x"));
    EXPECT_FALSE(parse_section(".text"));
}

TEST(SuggestSection, OffersTheWholeName) {
    EXPECT_EQ(suggest_section("kprobee/do_unlinkat"), "did you mean 'kprobe/do_unlinkat'?");
    EXPECT_EQ(suggest_section("tracpoint/a/b"), "did you mean 'tracepoint/a/b'?");
    EXPECT_EQ(suggest_section("zzzzzzzz"), "");
}

TEST(SectionTable, HasEachPrefixOnceAndANameForEachKind) {
    std::set<std::string_view> prefixes;
    for (const auto& kind : section_table()) {
        EXPECT_TRUE(prefixes.insert(kind.prefix).second) << kind.prefix;
        EXPECT_FALSE(to_string(kind.attach).empty());
    }
    EXPECT_EQ(to_string(AttachKind::action), "action");
    EXPECT_EQ(to_string(AttachKind::tc), "tc");
    EXPECT_EQ(to_string(AttachKind::syscall), "syscall");
}

}  // namespace
}  // namespace gadget::model
