// SPDX-License-Identifier: Apache-2.0
#include "apply_fixes.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "gadget/support/files.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kText =
    "# what it is\nname: x   # kept\ndatasources:\n  open:\n    fields:\n      pdi: {}\n      comm: {}\n";

Diagnostic replace(unsigned line, unsigned column, unsigned end, std::string by,
                   std::string file = "g.yaml") {
    const SourceRange range{std::move(file), line, column, line, end};
    return {
        .severity = Severity::warning, .id = "x", .message = "m", .location = range, .fixes = {{range, by}}};
}

FixedText fix(const std::vector<Diagnostic>& findings) {
    DiagnosticList list;
    for (const auto& each : findings) list.report(each);
    return apply_fixes(kText, "g.yaml", list);
}

TEST(ApplyFixes, ChangesTheRangeAndNothingElse) {
    const auto fixed = fix({replace(6, 7, 10, "pid"), replace(4, 3, 7, "opened")});
    EXPECT_EQ(fixed.applied, 2U);
    EXPECT_EQ(fixed.text,
              "# what it is\nname: x   # kept\ndatasources:\n  opened:\n    fields:\n      pid: {}\n      "
              "comm: {}\n");
}

TEST(ApplyFixes, LeavesOutWhatWouldBreakTheMetadata) {
    const auto fixed = fix({replace(6, 7, 10, "comm")});  // a second key 'comm'
    EXPECT_EQ(fixed.applied, 0U);
    EXPECT_EQ(fixed.left, 1U);
    EXPECT_EQ(fixed.text, kText);
}

TEST(ApplyFixes, LeavesOutOtherFilesPlacesThatAreNotThereAndOverlaps) {
    EXPECT_EQ(fix({replace(6, 7, 10, "pid", "other.yaml")}).applied, 0U);
    EXPECT_EQ(fix({replace(99, 1, 2, "pid")}).left, 1U);
    EXPECT_EQ(fix({replace(6, 7, 99, "pid")}).left, 1U);
    const auto overlap = fix({replace(6, 7, 10, "pid"), replace(6, 8, 10, "q")});
    EXPECT_EQ(overlap.applied, 1U);
    EXPECT_EQ(overlap.left, 1U);
}

TEST(ApplyFixes, TheSameFixTwiceIsOne) {
    const auto fixed = fix({replace(6, 7, 10, "pid"), replace(6, 7, 10, "pid")});
    EXPECT_EQ(fixed.applied, 1U);
    EXPECT_EQ(fixed.left, 0U);
}

TEST(FixFile, KeepsModeAndSymbolicLink) {
    const auto folder = TempDir::create().value();
    const auto real = folder.path() / "real.yaml";
    const auto link = folder.path() / "g.yaml";
    ASSERT_TRUE(write_file_atomic(real, std::string_view(kText), 0600).has_value());
    fs::create_symlink("real.yaml", link);
    DiagnosticList findings;
    findings.report(replace(6, 7, 10, "pid", link.string()));
    const auto fixed = fix_file(link, findings);
    ASSERT_TRUE(fixed.has_value()) << fixed.error().to_string();
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(fs::status(real).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_NE(read_text_file(real).value().find("pid: {}"), std::string::npos);
}

TEST(FixFile, WritesNothingWhenNothingApplies) {
    const auto folder = TempDir::create().value();
    const auto file = folder.path() / "g.yaml";
    ASSERT_TRUE(write_file_atomic(file, std::string_view(kText)).has_value());
    const auto before = fs::last_write_time(file);
    EXPECT_TRUE(fix_file(file, {}).has_value());
    EXPECT_EQ(fs::last_write_time(file), before);
}

}  // namespace
}  // namespace gadget::cli
