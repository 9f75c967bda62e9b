// SPDX-License-Identifier: Apache-2.0
// Dependency files: the escapes of make and ninja.
#include <gtest/gtest.h>

#include "gadget/builder.h"

namespace gadget::builder {
namespace {

Output output_of(std::vector<std::filesystem::path> inputs) {
    return {.arch = model::Arch::amd64, .object = {}, .inputs = std::move(inputs), .symbols = {}};
}

TEST(Depfile, NamesEachInputOnceAndHeadersAsTargets) {
    const std::vector<Output> outputs{output_of({"program.bpf.c", "a.h"}),
                                      output_of({"program.bpf.c", "a.h", "b.h"})};
    const auto text = depfile(outputs, "out/program.bpf.o");
    ASSERT_TRUE(text) << text.error().to_string();
    EXPECT_EQ(*text, "out/program.bpf.o: \\\n  program.bpf.c \\\n  a.h \\\n  b.h\na.h:\nb.h:\n");
}

TEST(Depfile, EscapesWhatMakeAndNinjaWouldTakeApart) {
    const std::vector<Output> outputs{output_of({"my folder/x.c", "cost$.h", "a#b.h", "back\\slash.h",
                                                 "back\\ space.h", "c:olon.h", "100%[x](y).h"})};
    const auto text = depfile(outputs, "o ut");
    ASSERT_TRUE(text) << text.error().to_string();
    EXPECT_TRUE(text->starts_with(
        "o\\ ut: \\\n  my\\ folder/x.c \\\n  cost$$.h \\\n  a\\#b.h \\\n  back\\slash.h \\\n"
        "  back\\\\\\ space.h \\\n  c\\:olon.h \\\n  100%[x](y).h\n"))
        << *text;
}

TEST(Depfile, RefusesNamesThatCannotBeSaid) {
    for (const char* name :
         {"two\nlines.h", "tab\there.h", "it's.h", "a;b.h", "a|b.h", "*.h", "a=b.h", "end\\", "a\\:b.h"}) {
        const auto text = depfile(std::vector<Output>{output_of({"x.c", name})}, "out");
        ASSERT_FALSE(text) << name;
        EXPECT_EQ(text.error().code, ErrorCode::invalid_argument);
        EXPECT_NE(text.error().message.find(name), std::string::npos);
    }
    EXPECT_FALSE(depfile({}, "a\nb"));
}

TEST(Depfile, OfNothingIsATargetAlone) {
    const auto text = depfile({}, "out");
    ASSERT_TRUE(text);
    EXPECT_EQ(*text, "out:\n");
}

}  // namespace
}  // namespace gadget::builder
