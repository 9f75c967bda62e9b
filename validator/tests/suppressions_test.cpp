// SPDX-License-Identifier: Apache-2.0
#include "gadget/validator/suppressions.h"

#include <gtest/gtest.h>

#include "gadget/validator.h"

namespace gadget::validator {
namespace {

using Extent = Suppressions::Extent;

Diagnostic finding(std::string id, unsigned line, std::string file = "a/program.bpf.c") {
    return {.severity = Severity::warning,
            .id = std::move(id),
            .message = "m",
            .location = SourceRange{file, line, 1}};
}

std::vector<std::string> ids_after(std::string_view comments, const std::vector<Diagnostic>& findings,
                                   Extent extent = Extent::whole) {
    Suppressions suppressions;
    suppressions.add_comments(comments, "a/program.bpf.c");
    DiagnosticList left;
    suppressions.apply(findings, extent, left);
    std::vector<std::string> ids;
    for (const auto& each : left.all()) ids.push_back(each.id);
    return ids;
}

using Ids = std::vector<std::string>;

TEST(Suppressions, CommentAllowsTheFindingOfItsLineOnly) {
    const std::string_view text = "int a;\nint b; // gadget:allow(map-sizes): why\n";
    EXPECT_EQ(ids_after(text, {finding("map-sizes", 2)}), Ids{});
    EXPECT_EQ(ids_after(text, {finding("map-sizes", 1)}), (Ids{"map-sizes", "suppression-unused"}));
    EXPECT_EQ(ids_after(text, {finding("map-flags", 2)}), (Ids{"map-flags", "suppression-unused"}));
    EXPECT_EQ(ids_after(text, {finding("map-sizes", 2, "b.h")}), (Ids{"map-sizes", "suppression-unused"}));
}

TEST(Suppressions, CommentAloneAllowsTheNextLineOfCode) {
    const std::string_view text =
        "// gadget:allow(map-sizes): one\n/* gadget:allow(map-flags): two */\n\nint a;\nint b;\n";
    EXPECT_EQ(ids_after(text, {finding("map-sizes", 4), finding("map-flags", 4)}), Ids{});
    EXPECT_EQ(ids_after(text, {finding("map-sizes", 5), finding("map-flags", 4)}),
              (Ids{"map-sizes", "suppression-unused"}));
}

TEST(Suppressions, OneCommentMayNameSeveral) {
    EXPECT_EQ(ids_after("x # gadget:allow(map-sizes, map-flags): why\n",
                        {finding("map-sizes", 1), finding("map-flags", 1)}),
              Ids{});
}

TEST(Suppressions, WithoutReasonNothingIsAllowed) {
    for (const auto* text : {"x // gadget:allow(map-sizes)\n", "x // gadget:allow(map-sizes): \n",
                             "x /* gadget:allow(map-sizes): */\n"}) {
        EXPECT_EQ(ids_after(text, {finding("map-sizes", 1)}),
                  (Ids{"map-sizes", "suppression-without-reason"}))
            << text;
    }
}

TEST(Suppressions, UnknownIdsAreErrors) {
    EXPECT_EQ(ids_after("x // gadget:allow(map-sizs): y\n", {}), Ids{"suppression-unknown-id"});
    EXPECT_EQ(ids_after("x // gadget:allow(yaml-syntax): y\n", {}), Ids{"suppression-unknown-id"});
    EXPECT_EQ(ids_after("x // gadget:allow(suppression-unused): y\n", {}), Ids{"suppression-unknown-id"});
    EXPECT_EQ(ids_after("x // gadget:allow(): y\n", {}), Ids{"suppression-unknown-id"});
}

TEST(Suppressions, WarningsOfTheCompilerMayBeAllowedButNotItsErrors) {
    const std::string_view text = "x // gadget:allow(-Wunused-variable): y\n";
    EXPECT_EQ(ids_after(text, {finding("-Wunused-variable", 1)}), Ids{});
    auto error = finding("-Wunused-variable", 1);
    error.severity = Severity::error;
    EXPECT_EQ(ids_after(text, {error}, Extent::partial), Ids{"-Wunused-variable"});
}

TEST(Suppressions, NothingIsUnusedWhenFindingsMayBeMissing) {
    EXPECT_EQ(ids_after("x // gadget:allow(map-sizes): y\n", {}, Extent::partial), Ids{});
}

TEST(Suppressions, TextThatIsNoCommentIsIgnored) {
    EXPECT_EQ(ids_after("gadget:allow(map-sizes): y\nx // gadget:allow(map-sizes\n", {}), Ids{});
}

TEST(Suppressions, BuildFileAllowsEverywhere) {
    Suppressions suppressions;
    suppressions.add({{"map-sizes", "why", SourceRange{"build.yaml", 2, 3}}});
    DiagnosticList left;
    Diagnostic of_object{.id = "map-sizes", .message = "m", .location = ObjectLocation{.symbol = "events"}};
    suppressions.apply(std::vector{finding("map-sizes", 7), of_object}, Extent::whole, left);
    EXPECT_TRUE(left.all().empty());
}

TEST(Suppressions, FilesAreTheSameHoweverTheyAreWritten) {
    EXPECT_EQ(ids_after("x // gadget:allow(map-sizes): y\n", {finding("map-sizes", 1, "a/./program.bpf.c")}),
              Ids{});
}

}  // namespace
}  // namespace gadget::validator
