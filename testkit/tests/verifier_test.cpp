// SPDX-License-Identifier: Apache-2.0
// The verifier's logs of several kernels, budgets, and the walk over the source.
#include "gadget/testkit/verifier.h"

#include <gtest/gtest.h>

namespace gadget::testkit {
namespace {

constexpr std::string_view kClassic =
    "verification time 426 usec\n"
    "stack depth 56+8+0\n"
    "processed 228 insns (limit 1000000) max_states_per_insn 1 total_states 17 peak_states 16 mark_read 3\n";

TEST(VerifierLog, HasTheStatisticsOfTheSummary) {
    const auto log = parse_verifier_log(kClassic);
    ASSERT_TRUE(log.statistics);
    EXPECT_EQ(*log.statistics, (VerifierStatistics{.instructions = 228,
                                                   .limit = 1'000'000,
                                                   .max_states_per_instruction = 1,
                                                   .total_states = 17,
                                                   .peak_states = 16,
                                                   .longest_mark_read = 3,
                                                   .microseconds = 426,
                                                   .stack_depth = 64}));
    EXPECT_DOUBLE_EQ(log.statistics->percent_of_limit(), 0.0228);
    EXPECT_TRUE(log.reason.empty());
}

TEST(VerifierLog, ReadsTheSummaryOfTheNewestKernels) {
    const auto log = parse_verifier_log(
        "from 9 to 200: safe\nverification time 89749 usec\nstack depth max 80\n"
        "subprog 0 (on_exit) main insns_self 228 insns_total 228 stack 80\n"
        "processed 228 insns (limit 1000000) max_states_per_insn 0 total_states 17 peak_states 17\n");
    ASSERT_TRUE(log.statistics);
    EXPECT_EQ(log.statistics->stack_depth, 80U);
    EXPECT_EQ(log.statistics->peak_states, 17U);
    EXPECT_EQ(log.statistics->longest_mark_read, 0U);
    EXPECT_TRUE(log.reason.empty()) << log.reason;
}

TEST(VerifierLog, TellsTheReasonOfARefusal) {
    const auto log = parse_verifier_log(
        "func#0 @0\n0: R1=ctx() R10=fp0\n; return *(int *)0; @ a.bpf.c:12\n0: (b7) r1 = 0 ; R1_w=0\n"
        "1: (61) r0 = *(u32 *)(r1 +0)\nR1 invalid mem access 'scalar'\n"
        "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n");
    EXPECT_EQ(log.reason, "R1 invalid mem access 'scalar'");
    EXPECT_EQ(log.source, "a.bpf.c:12");
    EXPECT_EQ(log.code, "return *(int *)0;");
}

TEST(VerifierLog, TellsTheReasonInTheWordsOfTheReport) {
    const auto log = parse_verifier_log(
        "1: (61) r0 = *(u32 *)(r1 +0)\nR1 invalid mem access 'scalar'\n"
        "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0\n"
        "Verification failed: invalid access\n\nReason:\n  The register holds a number,\n  not a "
        "pointer.\n\nAt:\n"
        "  on_open @ a.bpf.c:12:9\n    return *(int *)0;\n\nSuggestion:\n  check it\n");
    EXPECT_EQ(log.reason, "The register holds a number, not a pointer.");
    EXPECT_EQ(log.source, "a.bpf.c:12:9");
    EXPECT_EQ(log.statistics->instructions, 2U);
}

TEST(VerifierLog, SurvivesWhatIsNoLog) {
    for (const std::string_view text :
         {"", "\n\n", "processed insns", "stack depth ", "stack depth +", ";", "; @ ",
          "verification time x usec", "Verification failed:\nAt:\n", "\xff\x01"}) {
        const auto log = parse_verifier_log(text);
        EXPECT_LE(log.reason.size(), 40U) << text;
    }
}

KernelMeasurement measured(std::uint64_t instructions, const std::string& kernel = "6.1") {
    KernelMeasurement result{
        .kernel = {kernel, model::Arch::amd64}, .release = "6.1.0", .object_sha256 = "abc"};
    ProgramMeasurement program{
        .program = "on_open", .section = "kprobe/x", .verdict = Verdict::accepted, .size = 50};
    program.statistics = {
        .instructions = instructions, .limit = 1'000'000, .total_states = 10, .stack_depth = 80};
    result.programs.push_back(program);
    return result;
}

BudgetFile parse(std::string_view text) {
    DiagnosticList findings;
    auto file = parse_budget(text, "budget.yaml", findings);
    EXPECT_TRUE(file) << (findings.all().empty() ? "" : findings.all()[0].message);
    return file ? *file : BudgetFile{};
}

BudgetCheck check_one(const BudgetFile& file, const KernelMeasurement& kernel) {
    const auto checks = check_budget(file, std::vector{kernel});
    EXPECT_EQ(checks.size(), 1U);
    return checks.at(0);
}

TEST(Budget, IsWrittenAsItIsRead) {
    BudgetFile file;
    file.budget.max_increase_percent = 10;
    file.programs["on_open"].expected["5.10/arm64"] = Verdict::rejected;
    file = updated_budget(file, std::vector{measured(100)}, "19.1.7");
    const auto text = budget_text(file);
    const auto again = parse(text);
    EXPECT_EQ(budget_text(again), text);
    EXPECT_EQ(again.clang, "19.1.7");
    EXPECT_EQ(again.programs.at("on_open").measured.at("6.1/amd64").instructions, 100U);
    EXPECT_EQ(again.programs.at("on_open").expected.at("5.10/arm64"), Verdict::rejected);
}

TEST(Budget, AllowsAsMuchMoreAsItSays) {
    BudgetFile file;
    file.budget.max_increase_percent = 10;
    file = updated_budget(file, std::vector{measured(100)}, "19");
    EXPECT_EQ(check_one(file, measured(110)).status, BudgetStatus::within);
    const auto more = check_one(file, measured(111));
    EXPECT_EQ(more.status, BudgetStatus::increased);
    EXPECT_NE(more.message.find("11.0 % more than the 100 of the baseline"), std::string::npos)
        << more.message;
    const auto less = check_one(file, measured(50));
    EXPECT_EQ(less.status, BudgetStatus::within);
    EXPECT_EQ(less.instruction_change, -50) << "getting better can be told from getting worse";
}

TEST(Budget, HasLimitsForAllAndForOne) {
    auto file =
        parse("version: 1\nbudget: {max_stack: 64}\nprograms: {on_open: {budget: {max_stack: 100}}}\n");
    EXPECT_EQ(check_one(file, measured(1, "host")).status, BudgetStatus::within);
    file.programs.clear();
    EXPECT_EQ(check_one(file, measured(1, "host")).status, BudgetStatus::over_budget);
    file = parse("version: 1\nbudget: {max_limit_percent: 10, max_insns: 200000}\n");
    EXPECT_EQ(check_one(file, measured(100'000, "host")).status, BudgetStatus::within);
    EXPECT_EQ(check_one(file, measured(100'001, "host")).status, BudgetStatus::over_budget);
    EXPECT_NE(check_one(file, measured(200'001, "host")).message.find("the budget is 200000"),
              std::string::npos);
}

TEST(Budget, ExpectsAVerdict) {
    auto refused = measured(5);
    refused.programs[0].verdict = Verdict::rejected;
    refused.programs[0].reason = "invalid access";
    const auto file = parse("version: 1\nprograms: {on_open: {expect: {6.1/amd64: rejected}}}\n");
    EXPECT_EQ(check_one(file, refused).status, BudgetStatus::within);
    EXPECT_EQ(check_one(file, measured(5)).status, BudgetStatus::wrong_verdict);
    const auto unexpected = check_one({}, refused);
    EXPECT_EQ(unexpected.status, BudgetStatus::wrong_verdict);
    EXPECT_NE(unexpected.message.find("invalid access"), std::string::npos);
}

TEST(Budget, MissesABaselineExceptOfTheHost) {
    EXPECT_EQ(check_one({}, measured(5)).status, BudgetStatus::no_baseline);
    EXPECT_EQ(check_one({}, measured(5, "host")).status, BudgetStatus::within);
    auto broken = measured(5);
    broken.failure = Error{.code = ErrorCode::boot_failed, .message = "it did not boot"};
    EXPECT_EQ(check_one({}, broken).status, BudgetStatus::not_measured);
}

TEST(Budget, ForgetsProgramsThatAreGone) {
    auto file = updated_budget({}, std::vector{measured(5)}, "19");
    auto renamed = measured(5);
    renamed.programs[0].program = "on_openat";
    file = updated_budget(file, std::vector{renamed}, "19");
    EXPECT_FALSE(file.programs.contains("on_open"));
    EXPECT_TRUE(file.programs.contains("on_openat"));
}

TEST(Budget, RefusesWhatItDoesNotKnow) {
    for (const std::string_view text :
         {"version: 2\n", "version: 1\nbugdet: {}\n", "version: 1\nbudget: {max_insns: many}\n",
          "version: 1\nbudget: {max_insns: -1}\n", "version: 1\nprograms: {a: {expect: {6.1: no}}}\n",
          "[1, 2]\n", "a: b: c\n", "version: 1\nversion: 1\n"}) {
        DiagnosticList findings;
        EXPECT_FALSE(parse_budget(text, "budget.yaml", findings)) << text;
        EXPECT_TRUE(findings.has_errors()) << text;
    }
}

TEST(Measurements, AreWrittenInThreeForms) {
    auto kernel = measured(228);
    kernel.programs.push_back(
        {.program = "b|c", .verdict = Verdict::rejected, .error = 13, .reason = "no, \"never\""});
    const std::vector kernels{kernel};
    const auto checks = check_budget({}, kernels);
    const auto json = measurements_json(kernels, checks, "19.1.7");
    EXPECT_NE(json.find("\"insns\": 228"), std::string::npos) << json;
    EXPECT_NE(json.find("\"status\": \"no-baseline\""), std::string::npos);
    const auto csv = measurements_csv(kernels, "19.1.7");
    EXPECT_NE(csv.find("\"no, \"\"never\"\"\""), std::string::npos) << csv;
    const auto markdown = measurements_markdown(kernels, checks);
    EXPECT_NE(markdown.find("| `b\\|c` | rejected |"), std::string::npos) << markdown;
}

TEST(Walk, RefusesObjectsThatAreNone) {
    const Bytes garbage(100, std::byte{0x7f});
    EXPECT_FALSE(walk_of({.program = "x"}, garbage));
    EXPECT_FALSE(walk_of({.program = "x"}, {}));
}

}  // namespace
}  // namespace gadget::testkit
