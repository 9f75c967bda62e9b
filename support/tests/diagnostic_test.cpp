// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/diagnostic.h"

#include <gtest/gtest.h>

namespace gadget {
namespace {

Diagnostic at(unsigned line, std::string id) {
    return {.severity = Severity::error,
            .id = std::move(id),
            .message = "m",
            .location = SourceRange{"a.c", line, 1}};
}

TEST(DiagnosticList, SortsByPositionAndDropsRepetitions) {
    DiagnosticList list;
    list.report(at(9, "z"));
    list.report(at(2, "b"));
    list.report(at(2, "b"));
    list.report(at(2, "a"));
    list.sort();
    ASSERT_EQ(list.all().size(), 3U);
    EXPECT_EQ(list.all()[0].id, "a");
    EXPECT_EQ(list.all()[2].id, "z");
}

TEST(DiagnosticList, StrictTurnsWarningsIntoErrors) {
    DiagnosticList list;
    list.report({.severity = Severity::warning, .id = "w", .message = "m"});
    EXPECT_FALSE(list.has_errors());
    list.promote_warnings();
    EXPECT_TRUE(list.has_errors());
}

TEST(Render, ShowsTheSourceLineWithACaretUnderTabs) {
    const Diagnostic diagnostic{.severity = Severity::error,
                                .id = "unknown-section",
                                .message = "unknown program section 'kprobee/x'",
                                .location = SourceRange{"p.bpf.c", 2, 6, 2, 9},
                                .hint = "did you mean 'kprobe/x'?"};
    const auto source = [](const std::string&) { return std::optional<std::string>("first\n\tSEC(abc)\n"); };
    EXPECT_EQ(render(diagnostic, source, {}),
              "p.bpf.c:2:6: error: unknown program section 'kprobee/x' [unknown-section]\n"
              " 2 |         SEC(abc)\n"
              "   |             ^~~\n"
              "  hint: did you mean 'kprobe/x'?\n");
}

TEST(Render, SurvivesAFileThatIsGoneAndPositionsBeyondItsEnd) {
    const auto gone = [](const std::string&) { return std::optional<std::string>(); };
    const auto small = [](const std::string&) { return std::optional<std::string>("x"); };
    const auto diagnostic = at(77, "id");
    EXPECT_EQ(render(diagnostic, gone, {}), "a.c:77:1: error: m [id]\n");
    EXPECT_EQ(render(diagnostic, small, {}), "a.c:77:1: error: m [id]\n");
    EXPECT_EQ(render({.severity = Severity::warning, .id = "", .message = "m\033[2J"}, nullptr, {}),
              "warning: m\xef\xbf\xbd[2J\n");
}

}  // namespace
}  // namespace gadget
