// SPDX-License-Identifier: Apache-2.0
// gadget test: what needs neither a kernel nor permission. Scenarios are looked at, and recordings are shown.
#include "command.h"
#include "gadget/support/files.h"

namespace gadget::tests {
namespace {

class ScenarioCommand : public CommandTest {
  protected:
    static constexpr const char* kWithoutRights[] = {"setpriv", "--bounding-set", "-all", "--inh-caps",
                                                     "-all"};

    /// gadget WORDS... with no capability: BPF is not allowed, whoever runs the tests.
    [[nodiscard]] Outcome without_rights(const std::vector<std::string>& words) const {
        std::vector<std::string> argv(std::begin(kWithoutRights), std::end(kWithoutRights));
        argv.emplace_back(GADGET_EXECUTABLE);
        argv.insert(argv.end(), words.begin(), words.end());
        return run(argv);
    }

    /// A copy of trace_open with one scenario that shows its recording.
    [[nodiscard]] std::string with_scenario(const std::string& text) const {
        const auto read = [](const std::string& name) {
            const auto file = read_text_file(std::filesystem::path(trace_open()) / name);
            EXPECT_TRUE(file) << name;
            return file ? *file : std::string();
        };
        return folder("copy", {{"program.bpf.c", read("program.bpf.c")},
                               {"gadget.yaml", read("gadget.yaml")},
                               {"test/opens.rec", read("test/opens.rec")},
                               {"test/it.yaml", text}})
            .string();
    }
};

TEST_F(ScenarioCommand, ChecksScenariosWithoutRunningThem) {
    const auto good = gadget({"test", trace_open(), "--check"});
    EXPECT_EQ(good.status, 0) << good.err;
    EXPECT_NE(good.err.find("scenarios without errors"), std::string::npos) << good.err;
    const auto bad = gadget(
        {"test", with_scenario("name: a\nsteps:\n  - opne: {path: /x}\nexpect: [{event: {}}]\n"), "--check"});
    EXPECT_EQ(bad.status, 1);
    EXPECT_NE(bad.err.find("it.yaml:3"), std::string::npos) << bad.err;
    EXPECT_NE(bad.err.find("'open'"), std::string::npos) << bad.err;
    EXPECT_EQ(gadget({"test", home().string(), "--check"}).status, 4) << "there are none";
}

TEST_F(ScenarioCommand, ListsScenarios) {
    const auto all = gadget({"test", trace_open(), "--list"});
    EXPECT_EQ(all.status, 0) << all.err;
    EXPECT_NE(all.out.find("failing_open"), std::string::npos) << all.out;
    EXPECT_NE(all.out.find("tracepoint,btf,ringbuf"), std::string::npos) << all.out;
    const auto one = gadget({"test", trace_open(), "--list", "--only", "replay_filter"});
    EXPECT_NE(one.out.find("replay"), std::string::npos) << one.out;
    EXPECT_EQ(one.out.find("failing_open"), std::string::npos) << one.out;
}

TEST_F(ScenarioCommand, PrintsThePublishedSchema) {
    const auto schema = gadget({"test", "--schema"});
    EXPECT_EQ(schema.status, 0) << schema.err;
    const auto published = read_text_file(repository() / "docs/scenario.schema.json");
    ASSERT_TRUE(published);
    EXPECT_EQ(schema.out, *published);
}

TEST_F(ScenarioCommand, ShowsRecordingsWithoutRoot) {
    const auto both =
        without_rights({"test", trace_open(), "--only", "replay_filter", "--only", "replay_columns"});
    EXPECT_EQ(both.status, 0) << both.err;
    EXPECT_NE(both.out.find("2 passed, 0 failed, 0 skipped"), std::string::npos) << both.out;
    const auto mixed =
        without_rights({"test", trace_open(), "--only", "replay_filter", "--only", "failing_open"});
    EXPECT_EQ(mixed.status, 0) << mixed.err;
    EXPECT_NE(mixed.out.find("1 passed, 0 failed, 1 skipped"), std::string::npos) << mixed.out;
    EXPECT_NE(mixed.err.find("permission to use BPF"), std::string::npos) << mixed.err;
}

TEST_F(ScenarioCommand, AWrongRecordingFailsAtTheLineOfItsScenario) {
    const auto wrong = without_rights(
        {"test", with_scenario("name: a\nreplay: opens.rec\nexpect:\n  - event: {fname: /etc/other}\n"),
         "--report", "github"});
    EXPECT_EQ(wrong.status, 1) << wrong.err;
    EXPECT_NE(wrong.out.find("it.yaml,line=4,"), std::string::npos) << wrong.out;
    EXPECT_NE(wrong.out.find("::error file="), std::string::npos) << wrong.out;
    EXPECT_NE(wrong.out.find("wrong-events"), std::string::npos) << wrong.out;
}

TEST_F(ScenarioCommand, ADamagedRecordingIsNotOneWithoutEvents) {
    const auto copy = with_scenario("name: a\nreplay: opens.rec\nexpect:\n  - event: {fname: /etc/other}\n");
    ASSERT_TRUE(write_file_atomic(std::filesystem::path(copy) / "test/opens.rec", "not a recording"));
    const auto damaged = without_rights({"test", copy});
    EXPECT_EQ(damaged.status, 1);
    EXPECT_NE(damaged.err.find("ended with exit status"), std::string::npos) << damaged.err;
}

constexpr const char* kThreePrograms = R"(// SPDX-License-Identifier: GPL-2.0
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

SEC("raw_tracepoint/sched_process_exit")
int good(void *ctx)
{
	return 0;
}

SEC("raw_tracepoint/sched_process_exit")
int unverifiable(__u64 *ctx)
{
	return *(int *)ctx[0];
}

SEC("raw_tracepoint/no_such_tracepoint")
int unattachable(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
)";

TEST_F(ScenarioCommand, RawModeLoadsAndAttachesEachProgram) {
    if (!may_use_bpf()) GTEST_SKIP() << "missing: permission for BPF on this kernel";
    const auto good = gadget({"test", trace_open(), "--raw"});
    EXPECT_EQ(good.status, 0) << good.err;
    EXPECT_NE(good.out.find("trace_openat_exit"), std::string::npos) << good.out;
    const auto report = home() / "raw.json";
    const auto mixed = gadget({"test", folder("three", {{"program.bpf.c", kThreePrograms}}).string(), "--raw",
                               "--report", "json=" + report.string()});
    EXPECT_EQ(mixed.status, 1) << mixed.err;
    EXPECT_NE(mixed.out.find("1 passed, 2 failed"), std::string::npos) << mixed.out;
    EXPECT_NE(mixed.err.find("invalid mem access"), std::string::npos) << mixed.err;
    const auto json = read_text_file(report);
    ASSERT_TRUE(json);
    EXPECT_NE(json->find("\"load-refused\""), std::string::npos) << *json;
    EXPECT_NE(json->find("\"attach-refused\""), std::string::npos) << *json;
}

}  // namespace
}  // namespace gadget::tests
