// SPDX-License-Identifier: Apache-2.0
// Several objects as one.
#include "fixture.h"
#include "object_summary.h"

namespace gadget::builder::testing {
namespace {

constexpr std::string_view kMain = R"(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "shared.h"
SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(void *ctx)
{
	return count(1);
}
char LICENSE[] SEC("license") = "GPL";
)";

constexpr std::string_view kMore = R"(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "shared.h"
__u64 total;
int count(int by)
{
	total += by;
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
)";

class Link : public BuilderTest {
  protected:
    void SetUp() override {
        BuilderTest::SetUp();
        write("shared.h", "#pragma once\nint count(int by);\n");
        main_ = object("main.bpf.c", kMain);
        more_ = object("more.bpf.c", kMore);
    }
    std::vector<std::byte> object(std::string_view name, std::string_view text) {
        const auto outputs = build(write(name, text), {model::Arch::amd64});
        EXPECT_TRUE(outputs) << outputs.error().to_string();
        return outputs ? outputs->front().object : std::vector<std::byte>();
    }
    Result<std::vector<std::byte>> linked(const std::vector<std::byte>& a, const std::vector<std::byte>& b) {
        const std::vector<LinkInput> inputs{{"main.bpf.c", a}, {"more.bpf.c", b}};
        return link(inputs, options_);
    }
    std::vector<std::byte> main_;
    std::vector<std::byte> more_;
};

TEST_F(Link, ResolvesWhatOneSourceDeclaresAndAnotherDefines) {
    const auto one = linked(main_, more_);
    ASSERT_TRUE(one) << one.error().to_string();
    const ObjectSummary summary = summarize(*one);
    ASSERT_TRUE(summary.valid);
    EXPECT_TRUE(std::any_of(summary.functions.begin(), summary.functions.end(),
                            [](const auto& line) { return contains(line, "count"); }));
    EXPECT_TRUE(std::any_of(summary.functions.begin(), summary.functions.end(),
                            [](const auto& line) { return contains(line, "on_open"); }));
    EXPECT_FALSE(contains(*one, "/proc/"));
    EXPECT_FALSE(contains(*one, path("").parent_path().string()));
}

TEST_F(Link, GivesTheSameBytesEachTime) {
    const auto first = linked(main_, more_);
    const auto second = linked(main_, more_);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(*first, *second);
}

TEST_F(Link, SaysWhatIsDefinedTwice) {
    const auto twice = linked(more_, more_);
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, ErrorCode::rejected_input);
    EXPECT_TRUE(contains(twice.error().message, "cannot link 'main.bpf.c' and 'more.bpf.c': "))
        << twice.error().message;
    EXPECT_FALSE(contains(twice.error().message, "/proc/")) << twice.error().message;
}

TEST_F(Link, RefusesWhatIsNoObject) {
    const auto broken = linked(main_, std::vector<std::byte>(100, std::byte{7}));
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, ErrorCode::rejected_input);
}

}  // namespace
}  // namespace gadget::builder::testing
