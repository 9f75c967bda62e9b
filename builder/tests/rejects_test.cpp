// SPDX-License-Identifier: Apache-2.0
// Sources and situations that end in findings or errors: each says what is wrong, once, and where.
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "fixture.h"

namespace gadget::builder::testing {
namespace {

using Rejects = BuilderTest;

TEST_F(Rejects, ASyntaxErrorIsFoundWhereItStands) {
    const auto source = write("program.bpf.c", "int first;\nint second = ;\n");
    const auto outputs = build(source);
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, ErrorCode::rejected_input);
    const Diagnostic error = only_error();
    EXPECT_EQ(error.id, "clang-error");
    EXPECT_EQ(error.message, "expected expression");
    EXPECT_EQ(range_of(error), (SourceRange{source.string(), 2, 14, 2, 15}));
    EXPECT_TRUE(error.notes.empty());
}

TEST_F(Rejects, AWarningNamesItsOptionOnceForAllArchitectures) {
    EXPECT_TRUE(
        build(write("program.bpf.c", "int f(void);\nint f(void)\n{\n\tint unused;\n\treturn 0;\n}\n")));
    ASSERT_EQ(findings_.all().size(), 1U);
    const Diagnostic& warning = findings_.all()[0];
    EXPECT_EQ(warning.severity, Severity::warning);
    EXPECT_EQ(warning.id, "-Wunused-variable");
    EXPECT_EQ(range_of(warning).line, 4U);
    EXPECT_TRUE(warning.notes.empty());
}

TEST_F(Rejects, AWarningMadeAnErrorByOptionKeepsItsName) {
    request_.warnings = {"-Werror=unused-variable"};
    EXPECT_FALSE(build(write("program.bpf.c", "int f(void)\n{\n\tint unused;\n\treturn 0;\n}\n")));
    EXPECT_EQ(only_error().id, "-Wunused-variable");
}

TEST_F(Rejects, AFindingOfOneArchitectureSaysSo) {
    EXPECT_TRUE(build(write("program.bpf.c", "#ifdef __TARGET_ARCH_arm64\n#warning here\n#endif\nint x;\n")));
    ASSERT_EQ(findings_.all().size(), 1U);
    ASSERT_EQ(findings_.all()[0].notes.size(), 1U);
    EXPECT_EQ(findings_.all()[0].notes[0].message, "only when compiled for arm64");
}

TEST_F(Rejects, AFixComesWithItsPlace) {
    const auto source =
        write("program.bpf.c", "struct a { int one; };\nint f(struct a *a)\n{\n\treturn a->ohne;\n}\n");
    EXPECT_FALSE(build(source));
    const Diagnostic error = only_error();
    ASSERT_EQ(error.fixes.size(), 1U);
    EXPECT_EQ(error.fixes[0].replacement, "one");
    EXPECT_EQ(error.fixes[0].range, (SourceRange{source.string(), 4, 12, 4, 16}));
    ASSERT_EQ(error.notes.size(), 1U);
    EXPECT_TRUE(contains(error.notes[0].message, "declared here"));
}

TEST_F(Rejects, AnErrorInAMacroShowsItsUseAndItsDefinition) {
    EXPECT_FALSE(build(write("program.bpf.c", "#define BROKEN(x) (x +)\nint y = BROKEN(1);\n")));
    const Diagnostic error = only_error();
    EXPECT_EQ(range_of(error).line, 2U);
    ASSERT_FALSE(error.notes.empty());
    EXPECT_EQ(error.notes[0].message, "in the expansion of macro 'BROKEN'");
    EXPECT_EQ(std::get<SourceRange>(error.notes[0].location).line, 1U);
}

TEST_F(Rejects, AnErrorInAHeaderNamesTheHeaderAndWhoIncludesIt) {
    const auto header = write("broken.h", "\nint x = ;\n");
    EXPECT_FALSE(build(write("program.bpf.c", "#include \"broken.h\"\n")));
    const Diagnostic error = only_error();
    EXPECT_EQ(range_of(error).file, header.string());
    ASSERT_EQ(error.notes.size(), 1U);
    EXPECT_EQ(error.notes[0].message, "included from here");
}

TEST_F(Rejects, TooMuchStackIsFoundByTheBackEndWithItsPlace) {
    const auto source = write("program.bpf.c", R"(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
SEC("kprobe/x")
int big(void *ctx)
{
	char buffer[600];

	bpf_get_current_comm(buffer, sizeof(buffer));
	bpf_printk("%s", buffer);
	return 0;
}
)");
    const auto outputs = build(source);
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, ErrorCode::rejected_input);
    const Diagnostic& error = findings_.all().at(0);
    EXPECT_EQ(error.id, "clang-backend-error");
    EXPECT_TRUE(contains(error.message, "stack limit")) << error.message;
    EXPECT_EQ(range_of(error).file, source.string());
    EXPECT_GE(range_of(error).line, 5U);
    EXPECT_LE(range_of(error).line, 9U);
    EXPECT_TRUE(contains(error.hint, "per-CPU array"));
}

TEST_F(Rejects, AMisspelledHeaderGetsASuggestion) {
    EXPECT_FALSE(build(write("program.bpf.c", "#include <gadget/bufer.h>\n")));
    EXPECT_EQ(only_error().hint, "did you mean 'gadget/buffer.h'?");
}

TEST_F(Rejects, AHeaderInTheWrongFolderGetsASuggestion) {
    EXPECT_FALSE(build(write("program.bpf.c", "#include <bpf_helpers.h>\n")));
    EXPECT_TRUE(contains(only_error().hint, "<bpf/bpf_helpers.h>"));
}

TEST_F(Rejects, AMisspelledLocalHeaderGetsASuggestion) {
    write("events.h", "");
    EXPECT_FALSE(build(write("program.bpf.c", "#include \"event.h\"\n")));
    EXPECT_EQ(only_error().hint, "did you mean 'events.h'?");
}

TEST_F(Rejects, AMissingFileIsNamedWithItsNeighbour) {
    write("program.bpf.c", "int x;\n");
    const auto outputs = build(path("progam.bpf.c"));
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, ErrorCode::not_found);
    EXPECT_TRUE(contains(outputs.error().message, "progam.bpf.c"));
    EXPECT_TRUE(contains(outputs.error().hint, "'program.bpf.c'"));
}

struct BadSource {
    const char* name;
    std::string_view content;
    const char* message;
};

class RejectsSource : public BuilderTest, public ::testing::WithParamInterface<BadSource> {};

TEST_P(RejectsSource, WithOneClearMessage) {
    const auto outputs = build(write("program.bpf.c", GetParam().content));
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, ErrorCode::rejected_input);
    EXPECT_TRUE(contains(outputs.error().message, GetParam().message)) << outputs.error().message;
    EXPECT_TRUE(contains(outputs.error().message, "program.bpf.c"));
    EXPECT_TRUE(findings_.all().empty());
}

using namespace std::string_view_literals;
INSTANTIATE_TEST_SUITE_P(Contents, RejectsSource,
                         ::testing::Values(BadSource{"Empty", "", "is empty"},
                                           BadSource{"Blank", " \n\t\n", "is empty"},
                                           BadSource{"Elf", "\177ELF\2\1\1\0"sv, "compiled object"},
                                           BadSource{"Binary", "int x;\0\1\2"sv, "not text"}),
                         [](const auto& tested) { return tested.param.name; });

TEST_F(Rejects, AFolderAsSource) {
    const auto outputs = build(path(""));
    ASSERT_FALSE(outputs);
    EXPECT_TRUE(contains(outputs.error().message, "is a folder"));
}

TEST_F(Rejects, AHugeSourceAndAHugeHeader) {
    const auto huge = write("huge.h", "int x;\n");
    std::filesystem::resize_file(huge, std::uintmax_t{100} << 20);
    const auto as_source = build(huge);
    ASSERT_FALSE(as_source);
    EXPECT_TRUE(contains(as_source.error().message, "the limit is")) << as_source.error().message;
    const auto as_header = build(write("program.bpf.c", "#include \"huge.h\"\nint y;\n"));
    ASSERT_FALSE(as_header);
    const auto& found = findings_.all();
    ASSERT_EQ(found.size(), 1U) << "one message, at the #include";
    EXPECT_EQ(found[0].id, "unreadable-include");
    EXPECT_TRUE(contains(found[0].message, "huge.h' is too large (105 MB)")) << found[0].message;
    EXPECT_EQ(range_of(found[0]).line, 1U);
}

TEST_F(Rejects, AHeaderOutsideOfTheFoldersWithOneMessage) {
    write("secret.h", "int secret;\n");
    write("gadget/near.h", "#include \"../secret.h\"\n");
    for (const char* text : {"#include \"../secret.h\"\n", "#include \"near.h\"\n",
                             "#include \"sub/../../secret.h\"\n", "#include <../secret.h>\n"}) {
        SCOPED_TRACE(text);
        findings_ = {};
        write("gadget/sub/x.h", "");
        request_.include_dirs = {path("gadget")};
        EXPECT_FALSE(build(write("gadget/program.bpf.c", text)));
        const Diagnostic error = only_error();
        EXPECT_EQ(error.id, "unreadable-include");
        EXPECT_TRUE(contains(error.message, "secret.h' is outside of the gadget's folder")) << error.message;
        EXPECT_TRUE(contains(error.hint, "'includes' in build.yaml"));
        EXPECT_GE(range_of(error).line, 1U);
    }
    findings_ = {};
    EXPECT_FALSE(build(write("gadget/program.bpf.c", "#include \"/etc/passwd\"\n")));
    EXPECT_TRUE(contains(only_error().message, "file not found"));
}

TEST_F(Rejects, ASourceOutsideOfItsFolder) {
    request_.folder = path("gadget");
    ASSERT_TRUE(gadget::create_directories(path("gadget")));
    const auto outputs = build(write("program.bpf.c", "int x;\n"));
    ASSERT_FALSE(outputs);
    EXPECT_TRUE(contains(outputs.error().message, "outside of the folder")) << outputs.error().message;
}

TEST_F(Rejects, APipeThatIsIncluded) {
    ASSERT_EQ(::mkfifo(path("pipe.h").c_str(), 0600), 0);
    EXPECT_FALSE(build(write("program.bpf.c", "#include \"pipe.h\"\n")));
}

TEST_F(Rejects, AHeaderThatIncludesItself) {
    write("loop.h", "#include \"loop.h\"\n");
    const auto outputs = build(write("program.bpf.c", "#include \"loop.h\"\n"));
    ASSERT_FALSE(outputs);
    const Diagnostic error = only_error();
    EXPECT_TRUE(contains(error.hint, "#pragma once")) << error.message;
    EXPECT_LE(error.notes.size(), 4U);
}

TEST_F(Rejects, ACrashOfTheCompilerNamesSourceAndArchitecture) {
    const auto outputs =
        build(write("program.bpf.c", "int x;\n#pragma clang __debug crash\n"), {model::Arch::arm64});
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, ErrorCode::rejected_input);
    EXPECT_TRUE(contains(outputs.error().message, "the compiler crashed")) << outputs.error().message;
    EXPECT_TRUE(contains(outputs.error().message, "program.bpf.c' for arm64"));
}

TEST_F(Rejects, ASourceThatNeverEndsRunsIntoTheDeadline) {
    std::string source = "#define A0 ;\n";
    for (int i = 1; i <= 34; ++i) {
        const std::string below = std::to_string(i - 1);
        source += "#define A" + std::to_string(i) + " A" + below + " A" + below + "\n";
    }
    options_.timeout = std::chrono::milliseconds(300);
    const auto outputs = build(write("program.bpf.c", source + "A34\n"));
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, ErrorCode::timed_out);
    EXPECT_TRUE(contains(outputs.error().message, "program.bpf.c")) << outputs.error().message;
}

TEST_F(Rejects, ASourceThatEatsAllMemoryIsStopped) {
    if (kDefaultMemoryLimit == 0)
        GTEST_SKIP() << "missing: limits of the address space (sanitizers take all of it)";
    std::string source = "#define A0 1,\n";
    for (int i = 1; i <= 26; ++i) {
        const std::string below = std::to_string(i - 1);
        source += "#define A" + std::to_string(i) + " A" + below + " A" + below + "\n";
    }
    options_.memory_limit = std::size_t{256} << 20;
    const auto outputs = build(write("program.bpf.c", source + "int a[] = { A26 };\n"), {model::Arch::amd64});
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, ErrorCode::rejected_input);
    EXPECT_TRUE(contains(outputs.error().message, "ran out of memory")) << outputs.error().message;
}

TEST_F(Rejects, AnInterruptionEndsTheCompilation) {
    const UniqueFd event(::eventfd(1, EFD_CLOEXEC));
    options_.cancel.fd = event.get();
    const auto outputs = build(write("program.bpf.c", kTinyGadget));
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, ErrorCode::cancelled);
}

TEST_F(Rejects, ACompilerThatIsNoneIsAnError) {
    options_.compiler = "/bin/true";
    const auto outputs = build(write("program.bpf.c", kTinyGadget));
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, ErrorCode::internal);
    EXPECT_TRUE(contains(outputs.error().message, "/bin/true")) << outputs.error().message;
}

TEST_F(Rejects, OptionsThatAreNoWarningsOrMacros) {
    const auto source = write("program.bpf.c", "int x;\n");
    request_.warnings = {"-fplugin=evil.so"};
    EXPECT_EQ(build(source).error().code, ErrorCode::invalid_argument);
    request_.warnings = {};
    request_.defines = {"-fplugin=evil.so"};
    EXPECT_EQ(build(source).error().code, ErrorCode::invalid_argument);
    request_.defines = {};
    request_.include_dirs = {path("nowhere")};
    EXPECT_EQ(build(source).error().code, ErrorCode::not_found);
}

TEST_F(Rejects, AnErrorThatEndsTheBackEndHasAHint) {
    const auto source = write("program.bpf.c", R"(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
struct bits {
	__u32 a : 3;
	__s32 other : 7;
	__u64 b : 40;
	__u8 d;
} __attribute__((preserve_access_index));
SEC("kprobe/x")
int program(struct bits *bits)
{
	return BPF_CORE_READ_BITFIELD_PROBED(bits, b);
}
)");
    const auto outputs = build(source, {model::Arch::amd64});
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, ErrorCode::rejected_input);
    const Diagnostic error = only_error();
    EXPECT_EQ(error.id, "clang-backend-error");
    EXPECT_TRUE(contains(error.message, "bitfield size greater than record alignment")) << error.message;
    EXPECT_TRUE(contains(error.hint, "bit-field")) << error.hint;
    EXPECT_EQ(range_of(error), (SourceRange{source.string(), 11, 5, 11, 12})) << "the function that has it";
}

TEST_F(Rejects, NoLoopThatEnds) {
    EXPECT_TRUE(build(write("program.bpf.c", R"(int f(int n)
{
	int sum = 0;

	for (;;) {
		if (sum > n)
			break;
		sum += 2;
	}
	while (1) {
		switch (sum++) {
		case 9:
			return 1;
		}
	}
	do {
		sum++;
	} while (0);
	for (int i = 0; i < n; i++)
		sum += i;
	return sum;
}
)"),
                      {model::Arch::amd64}));
    EXPECT_TRUE(findings_.all().empty()) << findings_.all()[0].message;
}

TEST_F(Rejects, ALoopWithoutAnEndIsFoundWhereItBegins) {
    EXPECT_TRUE(build(write("program.bpf.c", R"(volatile int counter;
int f(void)
{
	while (1) {
		switch (counter) {
		case 1:
			break;
		}
		counter++;
	}
}
)"),
                      {model::Arch::amd64}));
    ASSERT_EQ(findings_.all().size(), 1U);
    const Diagnostic& finding = findings_.all()[0];
    EXPECT_EQ(finding.id, "endless-loop");
    EXPECT_EQ(finding.severity, Severity::warning);
    EXPECT_EQ(range_of(finding).line, 4U);
    EXPECT_TRUE(contains(finding.hint, "bpf_loop()"));
}

TEST_F(Rejects, ALoopThatCannotBeUnrolledHasAHint) {
    EXPECT_TRUE(build(write("program.bpf.c", R"(volatile int counter;
int f(int n)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < n; i++)
		counter++;
	return 0;
}
)"),
                      {model::Arch::amd64}));
    ASSERT_FALSE(findings_.all().empty());
    EXPECT_EQ(findings_.all()[0].id, "-Wpass-failed");
    EXPECT_GE(range_of(findings_.all()[0]).line, 4U);
    EXPECT_LE(range_of(findings_.all()[0]).line, 5U);
    EXPECT_TRUE(contains(findings_.all()[0].hint, "bpf_loop()"));
}

struct Mistake {
    const char* name;
    const char* statement;
    const char* hint;
};

class HintsAt : public BuilderTest, public ::testing::WithParamInterface<Mistake> {};

TEST_P(HintsAt, WhatToDoAbout) {
    const std::string source =
        std::string("#include <vmlinux.h>\n#include <bpf/bpf_helpers.h>\n") +
        "static __attribute__((unused)) __noinline long six(long a, long b, long c, long d, long e, long f)\n"
        "{\n\treturn a * b - c * d - e * f;\n}\n" +
        "SEC(\"kprobe/x\")\nint program(struct pt_regs *ctx)\n{\n\t" + GetParam().statement +
        "\n\treturn 0;\n}\n";
    EXPECT_FALSE(build(write("program.bpf.c", source), {model::Arch::amd64}));
    std::string seen;
    for (const Diagnostic& finding : findings_.all()) seen += finding.message + " => " + finding.hint + "\n";
    EXPECT_TRUE(contains(seen, GetParam().hint)) << seen;
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, HintsAt,
    ::testing::Values(
        Mistake{"LibcCall", "printf(\"x\");", "bpf_printk()"},
        Mistake{"MissingInclude", "return BPF_CORE_READ(ctx, ip);", "<bpf/bpf_core_read.h>"},
        Mistake{"UnknownType", "struct nowhere_to_be_found x; (void)x;",
                "embedded vmlinux.h has no such name"},
        Mistake{"UnknownMember", "return ((struct task_struct *)ctx)->no_such_member_at_all;",
                "bpf_core_field_exists"},
        Mistake{"SixArguments", "return six(ctx->ip, ctx->sp, ctx->bx, ctx->cx, ctx->dx, ctx->di);",
                "at most 5"},
        Mistake{"SixArgumentsInline", "return six(ctx->ip, ctx->sp, ctx->bx, ctx->cx, ctx->dx, ctx->di);",
                "static __always_inline"},
        Mistake{"UndeclaredHelper", "return bpf_no_such_helper(ctx);", "include <bpf/bpf_helpers.h>"},
        Mistake{"MisspelledHelper", "return bpf_get_current_pid_tgi();",
                "did you mean 'bpf_get_current_pid_tgid'?"},
        Mistake{"MisspelledFunctionOfGadgets", "return gadget_reserve_buff(ctx, 8) != 0;",
                "did you mean 'gadget_reserve_buf'?"},
        Mistake{"LibcFunctionWithoutHint", "qsort(ctx, 1, 1, 0);", "there is no C library"},
        Mistake{"VariableArray",
                "char a[ctx->ip]; bpf_probe_read_kernel(a, ctx->ip, ctx); bpf_printk(\"%s\", a);",
                "arrays on the stack need a constant size"},
        Mistake{"Floats", "volatile double d = ctx->ip; d = d * 2.5; return d;", "no floating point"},
        Mistake{"SignedDivision", "volatile long a = ctx->ip, b = ctx->sp; return a / b;", "unsigned"},
        Mistake{"LongCopy", "char a[64]; __builtin_memcpy(a, ctx, ctx->ip); bpf_printk(\"%s\", a);",
                "constant and small"}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace gadget::builder::testing
