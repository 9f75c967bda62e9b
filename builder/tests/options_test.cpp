// SPDX-License-Identifier: Apache-2.0
// Options of the compiler that an author may give.
#include "clang_options.h"
#include "fixture.h"
#include "gadget/support/text.h"
#include "object_summary.h"

namespace gadget::builder::testing {
namespace {

using ClangOptions = BuilderTest;

// "-mcpu=v1|v2" is "-mcpu=v1" and "-mcpu=v2".
std::vector<std::string> spelled_out() {
    std::vector<std::string> options;
    for (const std::string& pattern : allowed_options()) {
        const std::size_t value = pattern.find('=');
        if (value == pattern.npos) {
            options.push_back(pattern);
            continue;
        }
        for (const std::string_view one : split(std::string_view(pattern).substr(value + 1), '|'))
            options.push_back(pattern.substr(0, value + 1) + std::string(one));
    }
    return options;
}

TEST_F(ClangOptions, AllOfTheListCompile) {
    const auto source = write("program.bpf.c", "int f(int x)\n{\n\treturn x * 3;\n}\n");
    for (const std::string& option : spelled_out()) {
        request_.options = {option};
        EXPECT_TRUE(build(source, {model::Arch::amd64})) << option;
    }
    EXPECT_TRUE(findings_.all().empty());
}

TEST_F(ClangOptions, HaveAnEffect) {
    const auto source = write("program.bpf.c", "int f(int x, int y)\n{\n\treturn x < y;\n}\n");
    const auto first = build(source, {model::Arch::amd64});
    request_.options = {"-mcpu=v3"};
    const auto second = build(source, {model::Arch::amd64});
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->front().object, second->front().object) << "v3 compares 32 bits";
}

TEST_F(ClangOptions, OthersAreRefusedWithASuggestion) {
    const auto source = write("program.bpf.c", "int x;\n");
    for (const char* option :
         {"-fplugin=evil.so", "-Xclang", "-o", "@file", "-I/etc", "-mcpu=v9", "-include/etc/passwd", "-U",
          "-fno-builtin-;", "-mllvm", "", "-ivfsoverlay=x"}) {
        request_.options = {option};
        const auto outputs = build(source, {model::Arch::amd64});
        ASSERT_FALSE(outputs) << option;
        EXPECT_EQ(outputs.error().code, ErrorCode::invalid_argument);
        EXPECT_TRUE(contains(outputs.error().message, "is not allowed"));
        EXPECT_FALSE(outputs.error().hint.empty());
    }
    request_.options = {"-funrol-loops"};
    EXPECT_EQ(build(source, {model::Arch::amd64}).error().hint, "did you mean '-funroll-loops'?");
}

}  // namespace
}  // namespace gadget::builder::testing
