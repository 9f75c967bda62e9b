// SPDX-License-Identifier: Apache-2.0
// A clang of the machine in the place of the one inside.
#include "external_clang.h"

#include <sys/stat.h>

#include "fixture.h"
#include "gadget/support/subprocess.h"
#include "object_summary.h"

namespace gadget::builder::testing {
namespace {

constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin";

class ExternalClang : public BuilderTest {
  protected:
    // A program that says that it is this.
    std::filesystem::path pretend(std::string_view version) {
        const auto file = write("clang", "#!/bin/sh\necho '" + std::string(version) + "'\n");
        ::chmod(file.c_str(), 0755);
        return file;
    }
};

TEST_F(ExternalClang, MakesTheSameProgram) {
    if (!find_program("clang-19", kPath)) GTEST_SKIP() << "missing: clang-19";
    const auto source = write("program.bpf.c", kTinyGadget);
    const auto inside = build(source);
    options_.clang = "clang-19";
    const auto outside = build(source);
    ASSERT_TRUE(inside && outside) << outside.error().to_string();
    for (std::size_t i = 0; i < 2; ++i) {
        const ObjectSummary a = summarize((*inside)[i].object);
        const ObjectSummary b = summarize((*outside)[i].object);
        EXPECT_EQ(std::multiset<std::string>(a.functions.begin(), a.functions.end()),
                  std::multiset<std::string>(b.functions.begin(), b.functions.end()));
        EXPECT_EQ(first_difference(a.core_records, b.core_records), "");
        EXPECT_EQ(first_difference(a.lines, b.lines), "");
        EXPECT_FALSE(contains((*outside)[i].object, path("").parent_path().string()))
            << "no path of the machine";
        EXPECT_FALSE(contains((*outside)[i].object, "/tmp/"));
        EXPECT_FALSE(contains((*outside)[i].object, ".debug_info"));
        EXPECT_EQ((*outside)[i].inputs, (*inside)[i].inputs);
    }
}

TEST_F(ExternalClang, GivesTheSameBytesInEveryFolder) {
    if (!find_program("clang-19", kPath)) GTEST_SKIP() << "missing: clang-19";
    options_.clang = "clang-19";
    const auto first = build(write("one/program.bpf.c", kTinyGadget), {model::Arch::amd64});
    const auto second = build(write("another/deeper/program.bpf.c", kTinyGadget), {model::Arch::amd64});
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->front().object, second->front().object);
}

TEST_F(ExternalClang, FindingsNameFilesAsTheRequestDoes) {
    if (!find_program("clang-19", kPath)) GTEST_SKIP() << "missing: clang-19";
    options_.clang = "clang-19";
    const auto source =
        write("program.bpf.c", "int first;\nint f(void)\n{\n\tprintf(\"x\");\n\treturn 0;\n}\n");
    EXPECT_FALSE(build(source, {model::Arch::amd64}));
    const Diagnostic error = only_error();
    EXPECT_EQ(range_of(error).file, source.string());
    EXPECT_EQ(range_of(error).line, 4U);
    EXPECT_TRUE(contains(error.hint, "bpf_printk"));
}

TEST_F(ExternalClang, OlderThanFifteenIsRefusedInWords) {
    const auto probed = probe_clang(pretend("Debian clang version 14.0.6"));
    ASSERT_FALSE(probed);
    EXPECT_EQ(probed.error().code, ErrorCode::unsupported);
    EXPECT_TRUE(contains(probed.error().message, "clang 14.0.6, which is too old")) << probed.error().message;
    EXPECT_TRUE(contains(probed.error().hint, "clang 15"));
}

TEST_F(ExternalClang, FifteenAndNewerAreTaken) {
    const auto probed = probe_clang(pretend("clang version 15.0.0 (https://example.org)"));
    ASSERT_TRUE(probed) << probed.error().to_string();
    EXPECT_EQ(probed->version, "15.0.0");
}

TEST_F(ExternalClang, WhatIsNoClangAndWhatIsNotThereAreNamed) {
    const auto gcc = probe_clang(pretend("gcc (Debian 12.2.0) 12.2.0"));
    ASSERT_FALSE(gcc);
    EXPECT_TRUE(contains(gcc.error().message, "is no clang")) << gcc.error().message;
    const auto missing = probe_clang(path("nowhere"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
}

TEST(ClangText, IsReadAsFindings) {
    const auto findings = parse_clang_text(
        "In file included from a.c:1:\n"
        "a:b.c:3:7: error: no member named 'x' in 'struct y' [-Werror,-Wname]\n"
        "a.h:9:1: note: declared here\n"
        "a.c:4:2: warning: unused variable 'v' [-Wunused-variable]\n"
        "clang: error: no such file\n2 errors generated.\n");
    ASSERT_EQ(findings.size(), 3U);
    EXPECT_EQ(findings[0].id, "-Wname");
    EXPECT_EQ(findings[0].message, "no member named 'x' in 'struct y'");
    EXPECT_EQ(std::get<SourceRange>(findings[0].location), (SourceRange{"a:b.c", 3, 7, 0, 0}));
    ASSERT_EQ(findings[0].notes.size(), 1U);
    EXPECT_EQ(findings[1].severity, Severity::warning);
    EXPECT_EQ(findings[2].id, "clang-error");
}

TEST(ClangDependencies, AreReadWithTheirEscapes) {
    const auto inputs = parse_clang_dependencies("out/x.o: a.c dir/b\\ c.h \\\n  d$$e.h a.c\n");
    EXPECT_EQ(inputs, (std::vector<std::filesystem::path>{"a.c", "dir/b c.h", "d$e.h"}));
}

}  // namespace
}  // namespace gadget::builder::testing
