// SPDX-License-Identifier: Apache-2.0
#include "command.h"

namespace gadget::tests {
namespace {

using ValidateCommand = CommandTest;

TEST_F(ValidateCommand, OurOwnGadgetsHaveNoFindings) {
    for (const auto& entry : std::filesystem::directory_iterator(repository() / "gadgets")) {
        if (!entry.is_directory()) continue;
        const auto result = gadget({"validate", entry.path().string(), "--strict"});
        EXPECT_EQ(result.status, 0) << entry.path() << "\n" << result.err;
    }
}

TEST_F(ValidateCommand, EachMistakeIsShownOnceAtItsPlaceWithAHint) {
    const auto broken = (repository() / "tests/data/broken_gadget").string();
    const auto result = gadget({"validate", broken});
    EXPECT_EQ(result.status, 1);
    const auto count = [&](const std::string& text) {
        std::size_t found = 0;
        for (auto at = result.err.find(text); at != std::string::npos; at = result.err.find(text, at + 1))
            ++found;
        return found;
    };
    EXPECT_EQ(count("program.bpf.c:17:5: error: "), 1U) << result.err;  // inside SEC("kprobee/...")
    EXPECT_EQ(count("program.bpf.c:15:1: error: "), 1U) << result.err;  // GADGET_TRACER(...)
    EXPECT_EQ(count("gadget.yaml:6:7: "), 1U) << result.err;
    EXPECT_EQ(count("did you mean 'kprobe/do_unlinkat'?"), 1U) << result.err;
    EXPECT_EQ(count("did you mean 'events'?"), 1U) << result.err;
    EXPECT_EQ(count("did you mean 'pid'?"), 1U) << result.err;
}

TEST_F(ValidateCommand, TakesObjectsAndImages) {
    const auto out = home() / "out";
    ASSERT_EQ(gadget({"build", trace_open(), "-t", "t", "-o", out.string()}).status, 0);
    EXPECT_EQ(gadget({"validate", (out / "arm64.bpf.o").string()}).status, 0);
    EXPECT_EQ(gadget({"validate", (out / "image.oci.tar").string()}).status, 0);
    EXPECT_EQ(gadget_run({"validate", "t"}).status, 0);
}

TEST_F(ValidateCommand, GarbageIsRefusedWithOneMessage) {
    const auto path = folder("garbage", {{"a.o",
                                          "\x7f"
                                          "ELF and then nothing useful"},
                                         {"b.tar", "no tar"},
                                         {"c.o", ""}});
    for (const auto* name : {"a.o", "b.tar", "c.o"}) {
        const auto result = gadget({"validate", (path / name).string()});
        EXPECT_EQ(result.status, 1) << name << result.err;
        EXPECT_TRUE(result.err.starts_with("gadget: error: ")) << result.err;
    }
}

TEST_F(ValidateCommand, ExplainKnowsEveryIdAndSuggestsForOthers) {
    EXPECT_EQ(gadget({"validate", "--explain", "unknown-section"}).status, 0);
    const auto wrong = gadget({"validate", "--explain", "unknown-secton"});
    EXPECT_EQ(wrong.status, 2);
    EXPECT_NE(wrong.err.find("did you mean 'unknown-section'?"), std::string::npos);
}

}  // namespace
}  // namespace gadget::tests
