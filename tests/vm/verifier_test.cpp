// SPDX-License-Identifier: Apache-2.0
// gadget verifier against the words of the kernel, which bpftool shows.
#include "gadget/testkit/verifier.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>

#include "gadget/support/files.h"
#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"

namespace gadget::testkit {
namespace {

CommandOutput run(std::vector<std::string> argv) {
    auto output = run_command({.argv = std::move(argv)});
    EXPECT_TRUE(output) << output.error().to_string();
    return output ? *output : CommandOutput{};
}

/// The log of each program in what "bpftool -d prog loadall" prints.
std::map<std::string, VerifierStatistics> logs_of(const std::string& text) {
    std::map<std::string, VerifierStatistics> result;
    std::string program;
    std::string log;
    for (const auto line : split(text, '\n')) {
        const auto begin = line.find("prog '");
        if (line.find("-- BEGIN PROG LOAD LOG --") != std::string_view::npos &&
            begin != std::string_view::npos) {
            program = line.substr(begin + 6, line.find('\'', begin + 6) - begin - 6);
            log.clear();
        } else if (line.find("-- END PROG LOAD LOG --") != std::string_view::npos && !program.empty()) {
            if (const auto statistics = parse_verifier_log(log).statistics) result[program] = *statistics;
            program.clear();
        } else {
            log.append(line).append("\n");
        }
    }
    return result;
}

class VerifierCommand : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "missing: permission to use BPF";
        auto folder = TempDir::create();
        ASSERT_TRUE(folder);
        folder_.emplace(std::move(*folder));
    }
    [[nodiscard]] static std::string gadget() { return std::string(GADGETS_FOLDER) + "/" + GetParam(); }
    [[nodiscard]] nlohmann::json measured() const {
        const auto output = run({GADGET, "verifier", "measure", gadget(), "-o", "json"});
        EXPECT_EQ(output.status.code, 0) << output.err;
        return nlohmann::json::parse(output.out, nullptr, false);
    }
    std::optional<TempDir> folder_;
};

TEST_P(VerifierCommand, TellsWhatBpftoolTells) {
    if (!find_program("bpftool", "/usr/sbin:/usr/bin:/sbin:/bin")) GTEST_SKIP() << "missing: bpftool";
    const auto built = run({GADGET, "build", gadget(), "-o", folder_->path().string()});
    ASSERT_EQ(built.status.code, 0) << built.err;
    const auto object = folder_->path() / (std::string(model::to_string(model::host_arch())) + ".bpf.o");
    const auto pins = "/sys/fs/bpf/gadgetkit-parity-" + std::to_string(::getpid());
    const auto loaded = run({"/usr/sbin/bpftool", "-d", "prog", "loadall", object.string(), pins});
    std::error_code ignored;
    std::filesystem::remove_all(pins, ignored);
    const auto expected = logs_of(loaded.out + loaded.err);
    if (loaded.status.code != 0 || expected.empty())
        GTEST_SKIP() << "missing: a bpftool that loads all programs of this gadget on this kernel";
    const auto document = measured();
    ASSERT_TRUE(document.is_object());
    std::size_t compared = 0;
    for (const auto& program : document["kernels"][0]["programs"]) {
        const auto found = expected.find(program["program"].get<std::string>());
        ASSERT_NE(found, expected.end()) << program;
        EXPECT_EQ(program["insns"], found->second.instructions) << program;
        EXPECT_EQ(program["limit"], found->second.limit);
        EXPECT_EQ(program["total_states"], found->second.total_states) << program;
        EXPECT_EQ(program["peak_states"], found->second.peak_states);
        EXPECT_EQ(program["max_states_per_insn"], found->second.max_states_per_instruction);
        EXPECT_EQ(program["mark_read"], found->second.longest_mark_read);
        EXPECT_EQ(program["stack_depth"], found->second.stack_depth);
        ++compared;
    }
    EXPECT_EQ(compared, expected.size());
}

TEST_P(VerifierCommand, TellsWhatVeristatTells) {
    const auto veristat = find_program("veristat", "/usr/local/bin:/usr/bin:/usr/sbin");
    if (!veristat) GTEST_SKIP() << "missing: veristat";
    const auto built = run({GADGET, "build", gadget(), "-o", folder_->path().string()});
    ASSERT_EQ(built.status.code, 0) << built.err;
    const auto object = folder_->path() / (std::string(model::to_string(model::host_arch())) + ".bpf.o");
    const auto theirs =
        run({veristat->string(), "-o", "csv", "-e",
             "prog,insns,states,peak_states,max_states_per_insn,mark_read,prog_size,prog_size_jited,stack",
             object.string()});
    ASSERT_EQ(theirs.status.code, 0) << theirs.err;
    const auto document = measured();
    std::size_t compared = 0;
    for (const auto& program : document["kernels"][0]["programs"]) {
        for (const auto line : split(theirs.out, '\n')) {
            const auto cells = split(line, ',');
            if (cells.size() != 9 || cells[0] != program["program"].get<std::string>()) continue;
            const char* keys[] = {"insns",     "total_states", "peak_states", "max_states_per_insn",
                                  "mark_read", "size",         "jited_bytes", "stack_depth"};
            for (std::size_t i = 0; i < std::size(keys); ++i)
                EXPECT_EQ(std::string(cells[i + 1]), std::to_string(program[keys[i]].get<std::uint64_t>()))
                    << line;
            ++compared;
        }
    }
    EXPECT_EQ(compared, document["kernels"][0]["programs"].size()) << theirs.out;
}

INSTANTIATE_TEST_SUITE_P(Gadgets, VerifierCommand,
                         testing::Values("trace_open", "top_syscall", "profile_runqlat", "snapshot_process",
                                         "snapshot_socket"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST(VerifierBudget, OfTheGadgetsHoldsOnThisKernel) {
    if (::geteuid() != 0) GTEST_SKIP() << "missing: permission to use BPF";
    for (const char* name : {"trace_open", "top_syscall"}) {
        const auto output = run({GADGET, "verifier", "check", std::string(GADGETS_FOLDER) + "/" + name});
        EXPECT_EQ(output.status.code, 0) << output.out << output.err;
    }
}

TEST(VerifierBudget, ThatIsExceededIsTold) {
    if (::geteuid() != 0) GTEST_SKIP() << "missing: permission to use BPF";
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    const auto file = folder->path() / "budget.yaml";
    ASSERT_TRUE(write_file_atomic(file, "version: 1\nbudget: {max_insns: 10}\n"));
    const auto gadget = std::string(GADGETS_FOLDER) + "/trace_open";
    const auto output = run({GADGET, "verifier", "check", gadget, "--budget", file.string()});
    EXPECT_EQ(output.status.code, 1) << output.err;
    EXPECT_NE(output.err.find("over-budget"), std::string::npos) << output.err;
    EXPECT_NE(output.err.find("the budget is 10"), std::string::npos) << output.err;
}

TEST(VerifierExplain, JoinsTheWalkWithTheSource) {
    if (::geteuid() != 0) GTEST_SKIP() << "missing: permission to use BPF";
    const auto gadget = std::string(GADGETS_FOLDER) + "/trace_open";
    const auto output = run({GADGET, "verifier", "explain", gadget, "trace_openat_exit"});
    EXPECT_EQ(output.status.code, 0) << output.err;
    EXPECT_NE(output.out.find("source lines ("), std::string::npos) << output.out;
    EXPECT_NE(output.out.find("event->fd = ret < 0 ? -1 : ret;"), std::string::npos) << output.out;
    const auto unknown = run({GADGET, "verifier", "explain", gadget, "trace_openat_exti"});
    EXPECT_EQ(unknown.status.code, 2);
    EXPECT_NE(unknown.err.find("trace_openat_exit"), std::string::npos) << unknown.err;
}

}  // namespace
}  // namespace gadget::testkit
