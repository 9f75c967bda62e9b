// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "gadget/validator.h"
#include "sample_target.h"

namespace gadget::validator {
namespace {

using model::Arch;

TargetFacts read(const SampleTarget& sample) {
    const auto target = read_target(make_target(sample), "/usr/lib/libsample.so.1");
    EXPECT_TRUE(target.has_value()) << target.error().to_string();
    return target.value_or(TargetFacts{});
}

TEST(Target, ReadsFunctionsAndProbes) {
    const auto target = read({});
    EXPECT_EQ(target.arch, Arch::amd64);
    EXPECT_EQ(target.functions, (std::vector<std::string>{"sample_close", "sample_open", "sample_read"}));
    ASSERT_EQ(target.probes.size(), 3U);
    EXPECT_EQ(target.probes[0].provider, "sample");
    EXPECT_EQ(target.probes[0].name, "request");
    EXPECT_EQ(target.probes[0].arguments, (std::vector<std::string>{"-4@%edi", "8@-16(%rbp)", "4@$7"}));
    EXPECT_TRUE(target.probes[0].has_semaphore);
    EXPECT_TRUE(target.probes[2].arguments.empty());
}

TEST(Target, KeepsBlanksInsideOfBracketsOnArm64) {
    const auto target = read({.machine = EM_AARCH64, .probes = {{"p", "n", "-4@[sp, 12] 8@x3 -8@[x19]"}}});
    EXPECT_EQ(target.arch, Arch::arm64);
    ASSERT_EQ(target.probes.size(), 1U);
    EXPECT_EQ(target.probes[0].arguments, (std::vector<std::string>{"-4@[sp, 12]", "8@x3", "-8@[x19]"}));
}

struct ArgumentCase {
    Arch arch;
    const char* argument;
    const char* problem;  ///< part of it; "" = libbpf decodes it
};

// The forms that sys/sdt.h has compilers write, and what libbpf 1.1 makes of them.
constexpr ArgumentCase kArguments[] = {
    {Arch::amd64, "-4@%eax", ""},
    {Arch::amd64, "8@%r15", ""},
    {Arch::amd64, "1@%r8b", ""},
    {Arch::amd64, "2@%dx", ""},
    {Arch::amd64, "1@%dil", ""},
    {Arch::amd64, "4@$71", ""},
    {Arch::amd64, "-4@$-1", ""},
    {Arch::amd64, "-4@-20(%rbp)", ""},
    {Arch::amd64, "8@(%rsp)", ""},
    {Arch::amd64, "8@16(%rax,%rcx,8)", "array"},
    {Arch::amd64, "8@(%rax,%rcx)", "array"},
    {Arch::amd64, "8@(,%rcx,4)", "array"},
    {Arch::amd64, "4@counter(%rip)", "variable"},
    {Arch::amd64, "8@%xmm0", "floating point"},
    {Arch::amd64, "16@%rax", "16 bytes"},
    {Arch::amd64, "8@%r16", "not known"},
    {Arch::amd64, "8@%rex", "not known"},
    {Arch::amd64, "%rax", "size@operand"},
    {Arch::amd64, "8@", "not known"},
    {Arch::amd64, "8@$", "constant"},
    {Arch::amd64, "8@%rax)", "not known"},
    {Arch::arm64, "8@x0", ""},
    {Arch::arm64, "-8@x30", ""},
    {Arch::arm64, "4@sp", ""},
    {Arch::arm64, "4@5", ""},
    {Arch::arm64, "-4@-5", ""},
    {Arch::arm64, "-4@[sp]", ""},
    {Arch::arm64, "-4@[sp, 96]", ""},
    {Arch::arm64, "-4@[x19,-8]", ""},
    {Arch::arm64, "4@w3", "32-bit"},
    {Arch::arm64, "8@x31", "not known"},
    {Arch::arm64, "8@[x0, x1]", "two registers"},
    {Arch::arm64, "8@[x0, x1, lsl 3]", "two registers"},
    {Arch::arm64, "8@d0", "floating point"},
    {Arch::arm64, "8@v0.d", "floating point"},
    {Arch::arm64, "8@[sp", "not known"},
    {Arch::arm64, "3@x0", "3 bytes"},
};

TEST(UsdtArgument, IsJudgedAsLibbpfReadsIt) {
    for (const auto& item : kArguments) {
        const auto problem = usdt_argument_problem(item.argument, item.arch);
        EXPECT_EQ(problem.empty(), *item.problem == '\0') << item.argument << ": " << problem;
        EXPECT_NE(problem.find(item.problem), std::string::npos) << item.argument << ": " << problem;
    }
}

model::ObjectFacts with_section(const std::string& section) {
    model::ObjectFacts facts{.object = "object"};
    facts.programs.push_back({.name = "probe", .section = section, .parsed = model::parse_section(section)});
    return facts;
}

std::string ids(const std::string& section, const TargetFacts& target) {
    DiagnosticList findings;
    check_target(with_section(section), target, findings);
    std::string text;
    for (const auto& finding : findings.all()) text += finding.id + " " + finding.hint + ";";
    return text;
}

TEST(Target, BelongsToProgramsByPathAndName) {
    const auto target = read({});
    for (const auto* path : {"/usr/lib/libsample.so.1", "/lib/libsample.so.1", "libsample", "libsample.so.1"})
        EXPECT_EQ(ids("uprobe/" + std::string(path) + ":sample_read", target), "") << path;
    for (const auto* path : {"/usr/lib/libsample.so", "libsam", "sample", "/other/libsample.so.1"})
        EXPECT_TRUE(ids("uprobe/" + std::string(path) + ":sample_read", target).starts_with("target-unused"))
            << path;
}

TEST(Target, SuggestsWhatWasMeant) {
    const auto target = read({});
    EXPECT_EQ(ids("uprobe/libsample:sample_raed", target), "target-symbol did you mean 'sample_read'?;");
    EXPECT_EQ(ids("usdt/libsample:smaple:request", target), "target-probe did you mean 'sample:request'?;");
}

TEST(Target, OffsetsAndAddressesAreNotNames) {
    const auto target = read({});
    EXPECT_EQ(ids("uprobe/libsample:sample_read+0x10", target), "");
    EXPECT_EQ(ids("uprobe/libsample:0x1234", target), "");
    EXPECT_EQ(ids("uprobe.multi/libsample:sample_*", target), "");
}

TEST(Target, FilesThatAreCutOffAreRefusedOrHarmless) {
    const auto whole = make_target({.note_tail = "cut"});
    EXPECT_FALSE(read_target(whole, "cut").has_value());
    const auto fine = make_target();
    for (std::size_t size = 0; size < fine.size(); ++size)
        EXPECT_FALSE(read_target(std::span(fine).first(size), "cut").has_value()) << size;
}

TEST(Target, FlippedBytesAreHarmless) {
    const auto fine = make_target();
    for (std::size_t i = 0; i < fine.size(); ++i) {
        auto damaged = fine;
        damaged[i] ^= std::byte{0xff};
        const auto target = read_target(damaged, "damaged");
        if (target) {
            EXPECT_LE(target->functions.size(), 4U);
        }
    }
}

TEST(Target, OtherFilesAreRefusedByName) {
    const auto text = std::string("#!/bin/sh\n");
    EXPECT_EQ(read_target(as_bytes(text), "script").error().message, "not an ELF file");
    EXPECT_NE(read_target(make_target({.machine = EM_RISCV}), "x").error().message.find("machine 243"),
              std::string::npos);
}

}  // namespace
}  // namespace gadget::validator
