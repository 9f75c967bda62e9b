// SPDX-License-Identifier: Apache-2.0
#include "verifier_log.h"

#include <gtest/gtest.h>

namespace gadget::runtime {
namespace {

// As libbpf prints it for one refused program.
constexpr const char* kOutput =
    "prog 'on_bad': BPF program load failed: Permission denied\n"
    "prog 'on_bad': -- BEGIN PROG LOAD LOG --\n"
    "0: R1=ctx() R10=fp0\n"
    "; __u32 key = 1; @ refused.bpf.c:18\n"
    "0: (b7) r1 = 1                        ; R1_w=1\n"
    "6: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=table,ks=4,vs=8)\n"
    "; return (int)*value; @ refused.bpf.c:21\n"
    "7: (79) r0 = *(u64 *)(r0 +0)\n"
    "R0 invalid mem access 'map_value_or_null'\n"
    "processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
    "-- END PROG LOAD LOG --\n"
    "prog 'on_bad': failed to load: -13\n"
    "failed to load object 'refused'\n";

TEST(VerifierLog, FindsTheRefusedProgramItsErrorAndItsLog) {
    const auto refusals = find_refusals(kOutput);
    ASSERT_EQ(refusals.size(), 1U);
    EXPECT_EQ(refusals.front().program, "on_bad");
    EXPECT_EQ(refusals.front().error, 13);
    EXPECT_TRUE(refusals.front().log.starts_with("0: R1=ctx()"));
    EXPECT_TRUE(refusals.front().log.ends_with("mark_read 0\n"));
}

TEST(VerifierLog, ExplainsReasonInstructionAndSourceLine) {
    const auto verdict = explain(find_refusals(kOutput).front().log);
    EXPECT_EQ(verdict.reason, "R0 invalid mem access 'map_value_or_null'");
    EXPECT_EQ(verdict.instruction, 7);
    EXPECT_EQ(verdict.source, "refused.bpf.c:21");
    EXPECT_EQ(verdict.code, "return (int)*value;");
    ASSERT_FALSE(verdict.tail.empty());
    EXPECT_EQ(verdict.tail.back(), verdict.reason);
}

TEST(VerifierLog, SourceLineWithoutPositionIsKept) {
    const auto verdict =
        explain("; return x->y;\n3: (79) r0 = *(u64 *)(r1 +0)\nR1 invalid mem access 'scalar'\n");
    EXPECT_EQ(verdict.code, "return x->y;");
    EXPECT_EQ(verdict.source, "");
}

TEST(VerifierLog, ReportOfNewerKernelsAddsWordsAndPlace) {
    const auto verdict = explain(
        ";  @ refused.bpf.c:17\n"
        "6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=table,ks=4,vs=8)\n"
        ";  @ refused.bpf.c:19\n"
        "7: (79) r0 = *(u64 *)(r0 +0)\n"
        "R0 invalid mem access 'map_value_or_null'\n"
        "\n"
        "Verification failed: Register Type Safety: Invalid dereference\n"
        "\n"
        "Reason:\n"
        "  R0 may be NULL here. The program could dereference NULL on this\n"
        "  path.\n"
        "\n"
        "At:\n"
        "  on_bad @ refused.bpf.c:19:14\n"
        "       | ^-- error: invalid dereference of R0\n"
        "\n"
        "Causal path:\n"
        "  on_bad @ refused.bpf.c:17:17\n");
    EXPECT_EQ(verdict.reason, "R0 invalid mem access 'map_value_or_null'");
    EXPECT_EQ(verdict.explanation, "R0 may be NULL here. The program could dereference NULL on this path.");
    EXPECT_EQ(verdict.source, "refused.bpf.c:19:14");
    EXPECT_EQ(verdict.code, "");
    EXPECT_EQ(verdict.instruction, 7);
}

FunctionLines function(const char* name, bool is_program, std::vector<CodeLine> lines) {
    return {.name = name, .is_program = is_program, .instructions = 10, .lines = std::move(lines)};
}

TEST(VerifierLog, ObjectTellsTheLineThatOlderKernelsDoNot) {
    const std::vector<FunctionLines> functions{
        function("on_bad", true, {{0, "src/a.bpf.c", 10, "int x;"}, {4, "src/a.bpf.c", 12, "x = *p;"}}),
        function("on_good", true, {{0, "src/a.bpf.c", 20, "return 0;"}}),
        function("helper", false, {{0, "src/h.h", 3, "return *q;"}, {2, "src/h.h", 4, "twice"}}),
        function("other", false, {{0, "src/h.h", 8, "twice"}})};
    const auto located = [&](const char* log) {
        VerifierVerdict verdict = explain(log);
        locate(verdict, functions, "on_bad");
        return verdict;
    };
    EXPECT_EQ(located("3: (b7) r0 = 0\nbad\n").source, "a.bpf.c:10");
    EXPECT_EQ(located("4: (b7) r0 = 0\nbad\n").source, "a.bpf.c:12");
    EXPECT_EQ(located("9: (b7) r0 = 0\nbad\n").code, "x = *p;");
    EXPECT_EQ(located("; return *q;\n11: (b7) r0 = 0\nbad\n").source, "h.h:3");
    EXPECT_EQ(located("; twice\n13: (b7) r0 = 0\nbad\n").source, "") << "which of the two is not known";
    EXPECT_EQ(located("; x @ b.bpf.c:7\n3: (b7) r0 = 0\nbad\n").source, "b.bpf.c:7") << "the log knows best";
    EXPECT_EQ(located("back-edge from insn 5 to 1\n").source, "a.bpf.c:12");
    EXPECT_EQ(located("bad\n").source, "");
}

TEST(VerifierLog, StateDumpsAreNotTheReason) {
    const auto verdict = explain(
        "5: (b7) r0 = 0\n"
        "BPF program is too large. Processed 1000001 insn\n"
        "from 3 to 9: R0=0 R10=fp0\n"
        "9: R0=0\n"
        "processed 1000001 insns (limit 1000000)\n");
    EXPECT_EQ(verdict.reason, "BPF program is too large. Processed 1000001 insn");
    const auto loop = explain(
        "3: (85) call bpf_ktime_get_ns#5\n"
        "infinite loop detected at insn 4\n"
        "cur state: R0=scalar() R6=scalar() R10=fp0\n"
        "old state: R0=scalar() R6=scalar() R10=fp0\n");
    EXPECT_EQ(loop.reason, "infinite loop detected at insn 4");
    EXPECT_EQ(loop.instruction, 3);
}

TEST(VerifierLog, EmptyAndStrangeInputsGiveEmptyVerdicts) {
    EXPECT_TRUE(find_refusals("").empty());
    EXPECT_TRUE(find_refusals("prog 'x").empty());
    EXPECT_TRUE(explain("").reason.empty());
    EXPECT_TRUE(explain("\n;\n;\n").reason.empty());
    EXPECT_EQ(find_refusals("prog 'x': -- BEGIN PROG LOAD LOG --\nunfinished").front().log, "unfinished\n");
    EXPECT_EQ(explain("99999999999999999999999: (85) call\n").instruction, -1);
}

TEST(VerifierLog, TailIsBounded) {
    std::string log;
    for (int i = 0; i < 1000; ++i) log += std::to_string(i) + ": (b7) r0 = 0\n";
    log += "bad\n";
    const auto verdict = explain(log);
    EXPECT_EQ(verdict.tail.size(), 8U);
    EXPECT_EQ(verdict.instruction, 999);
}

}  // namespace
}  // namespace gadget::runtime
