// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include "command.h"

namespace gadget::tests {
namespace {

class NewCommand : public CommandTest {};

TEST_F(NewCommand, EachTemplateBuildsWithoutFindings) {
    const auto listed = gadget({"new", "--list"});
    ASSERT_EQ(listed.status, 0);
    std::istringstream lines(listed.out);
    unsigned count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        const auto name = line.substr(0, line.find(' '));
        const auto folder = (home() / name).string();
        const auto made = gadget({"new", "fresh_one", "--template", name, "-o", folder});
        EXPECT_EQ(made.status, 0) << made.err;
        const auto built = gadget({"build", folder, "--strict", "-t", "fresh_one"});
        EXPECT_EQ(built.status, 0) << name << ": " << built.err;
        EXPECT_EQ(built.err.find("warning"), std::string::npos) << built.err;
    }
    EXPECT_EQ(count, 5U);
}

TEST_F(NewCommand, EachTemplatePassesItsTestsAtOnce) {
    if (!may_use_bpf()) GTEST_SKIP() << "missing: permission for BPF on this kernel";
    const auto listed = gadget({"new", "--list"});
    std::istringstream lines(listed.out);
    for (std::string line; std::getline(lines, line);) {
        const auto name = line.substr(0, line.find(' '));
        const auto folder = (home() / name).string();
        ASSERT_EQ(gadget({"new", "fresh_one", "--template", name, "-o", folder}).status, 0) << name;
        const auto tested = gadget({"test", folder, "--kernel", "host"});
        EXPECT_EQ(tested.status, 0) << tested.out << tested.err;
    }
}

TEST_F(NewCommand, AFolderThatIsThereIsLeftAlone) {
    const auto folder = (home() / "twice").string();
    EXPECT_EQ(gadget({"new", "twice", "-o", folder}).status, 0);
    const auto again = gadget({"new", "twice", "-o", folder});
    EXPECT_EQ(again.status, 4);
    EXPECT_NE(again.err.find("is there already"), std::string::npos) << again.err;
}

TEST_F(NewCommand, ABadNameOrTemplateIsAUsageError) {
    EXPECT_EQ(gadget({"new"}).status, 2);
    EXPECT_EQ(gadget({"new", "No-Good", "-o", (home() / "x").string()}).status, 2);
    const auto unknown = gadget({"new", "fine", "--template", "tracr", "-o", (home() / "x").string()});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_NE(unknown.err.find("did you mean 'tracer'?"), std::string::npos) << unknown.err;
    EXPECT_FALSE(std::filesystem::exists(home() / "x"));
}

}  // namespace
}  // namespace gadget::tests
