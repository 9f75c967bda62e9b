// SPDX-License-Identifier: Apache-2.0
#include "slice.h"

#include <gtest/gtest.h>

#include "clang_compile.h"
#include "embedded.h"
#include "virtual_paths.h"

namespace gadget::builder {
namespace {

constexpr std::string_view kHeader = R"(#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef unsigned int u32;

typedef struct {
	u32 lock;
} __attribute__((packed)) spin_t;

enum state {
	STATE_ON = 0,
	STATE_OFF = 1,
};

struct inner {
	spin_t lock;
};

struct far {
	enum state state;
};

struct farther;

struct outer {
	struct inner inner;
	struct far *remote;
	struct farther *(*get)(struct unseen *);
	int (*open)(struct inner *);
};

struct farther {
	u32 x;
};

typedef int (*callback_t)(struct far *);

extern struct far *make_far(struct farther *) __attribute__((weak));

#endif /* __VMLINUX_H__ */
)";

std::string slice_of(const UsedNames& used) {
    const auto slicer = HeaderSlicer::parse(kHeader);
    EXPECT_TRUE(slicer);
    return slicer ? slicer->slice(used) : std::string();
}
bool has(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

TEST(HeaderSlicer, KeepsDirectivesInAnyCase) {
    const std::string text = slice_of({});
    EXPECT_EQ(text, HeaderSlicer::parse(kHeader)->skeleton());
    EXPECT_TRUE(has(text, "#define __VMLINUX_H__\n"));
    EXPECT_TRUE(has(text, "#endif"));
}

TEST(HeaderSlicer, TakesWhatIsContainedAndDeclaresWhatIsPointedTo) {
    const std::string text = slice_of({{}, {"outer"}});
    EXPECT_TRUE(has(text, "struct outer {"));
    EXPECT_TRUE(has(text, "struct inner {"));
    EXPECT_TRUE(has(text, "spin_t;"));
    EXPECT_TRUE(has(text, "typedef unsigned int u32;"));
    EXPECT_TRUE(has(text, "struct far;\n"));
    EXPECT_TRUE(has(text, "struct unseen;\n"));
    EXPECT_FALSE(has(text, "struct far {"));
    EXPECT_FALSE(has(text, "struct farther {"));
    EXPECT_FALSE(has(text, "callback_t"));
}

TEST(HeaderSlicer, FollowsAPointerWhoseNameIsUsed) {
    const std::string text = slice_of({{"remote"}, {"outer"}});
    EXPECT_TRUE(has(text, "struct far {"));
    EXPECT_TRUE(has(text, "enum state {"));
}

TEST(HeaderSlicer, FindsTypedefsEnumeratorsAndFunctions) {
    EXPECT_TRUE(has(slice_of({{"STATE_OFF"}, {}}), "enum state {"));
    EXPECT_TRUE(has(slice_of({{"callback_t"}, {}}), "typedef int (*callback_t)"));
    const std::string function = slice_of({{"make_far"}, {}});
    EXPECT_TRUE(has(function, "extern struct far *make_far"));
    EXPECT_TRUE(has(function, "struct far {"));
    EXPECT_TRUE(has(function, "struct farther {"));
}

TEST(HeaderSlicer, RefusesWhatItDoesNotUnderstand) {
    EXPECT_FALSE(HeaderSlicer::parse("static inline int f(void)\n{\n\treturn 0;\n}\n"));
    EXPECT_FALSE(HeaderSlicer::parse("struct open {\n\tint x;\n"));
    EXPECT_FALSE(HeaderSlicer::parse("#define A \\\n 1\n"));
}

class EmbeddedHeader : public ::testing::TestWithParam<model::Arch> {};

TEST_P(EmbeddedHeader, IsCutToAFraction) {
    FileStore files;
    ASSERT_TRUE(mount_embedded_headers(GetParam(), files));
    const StoredFile* whole = files.find(std::string(kVmlinuxDir) + "/vmlinux.h");
    ASSERT_NE(whole, nullptr);
    const auto slicer = HeaderSlicer::parse(whole->content);
    ASSERT_TRUE(slicer);
    const std::string text = slicer->slice({{"u32", "comm"}, {"task_struct"}});
    EXPECT_TRUE(has(text, "struct task_struct {"));
    EXPECT_FALSE(has(text, "struct dentry {"));
    EXPECT_LT(text.size(), whole->content.size() / 5);
}

INSTANTIATE_TEST_SUITE_P(Archs, EmbeddedHeader, ::testing::ValuesIn(model::kAllArchs),
                         [](const auto& tested) { return std::string(model::to_string(tested.param)); });

}  // namespace
}  // namespace gadget::builder
