// SPDX-License-Identifier: Apache-2.0
// The stimuli that need no privilege, run in this process; and that the vocabulary and the code agree.
#include "guest/stimuli.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>

#include "gadget/support/files.h"
#include "guest/features.h"
#include "guest/fixtures.h"
#include "guest/kernel_log.h"
#include "vocabulary.h"

namespace gadget::testkit::guest {
namespace {

class StimuliTest : public testing::Test {
  protected:
    void SetUp() override {
        auto folder = TempDir::create();
        ASSERT_TRUE(folder);
        folder_.emplace(std::move(*folder));
    }
    [[nodiscard]] std::string path(const char* name) const { return (folder_->path() / name).string(); }
    static std::string run(const std::string& kind, std::map<std::string, std::string> options) {
        static const std::string program = "/bin/true";
        const JobStep step{"s", kind, std::move(options)};
        return run_stimulus({.step = &step, .program = &program});
    }
    std::optional<TempDir> folder_;
};

TEST_F(StimuliTest, EveryWordOfTheVocabularyHasCode) {
    for (const auto& spec : stimulus_specs()) EXPECT_TRUE(has_stimulus(spec.kind)) << spec.kind;
    for (const auto& spec : feature_specs()) EXPECT_TRUE(has_probe(spec.name)) << spec.name;
    for (const auto& spec : fixture_specs()) EXPECT_TRUE(has_fixture(spec.kind)) << spec.kind;
    EXPECT_FALSE(has_fixture("nonsense"));
    EXPECT_FALSE(has_stimulus("nonsense"));
    EXPECT_NE(run("nonsense", {}), "");
    EXPECT_NE(missing_feature("nonsense"), "");
}

TEST_F(StimuliTest, OpensFilesInEveryWay) {
    for (const char* call : {"open", "openat", "openat2"}) {
        EXPECT_EQ(run("open", {{"path", path(call)}, {"call", call}, {"flags", "write,create,exclusive"}}),
                  "");
        EXPECT_EQ(run("open", {{"path", path(call)},
                               {"call", call},
                               {"flags", "write,create,exclusive"},
                               {"error", "EEXIST"}}),
                  "");
        EXPECT_NE(run("open", {{"path", path(call)}, {"call", call}, {"error", "ENOENT"}}), "");
        EXPECT_NE(run("open", {{"path", path("absent")}, {"call", call}}), "");
    }
    EXPECT_NE(run("open", {{"path", "/"}, {"flags", "reed"}}), "");
    EXPECT_NE(run("open", {{"path", "/"}, {"mode", "9"}}), "");
    EXPECT_NE(run("open", {{"path", "/"}, {"call", "creat"}}), "");
    EXPECT_NE(run("open", {{"path", "/"}, {"error", "ENOSUCHNAME"}}), "");
}

TEST_F(StimuliTest, MakesWritesRenamesAndRemoves) {
    EXPECT_EQ(run("mkdir", {{"path", path("d")}}), "");
    EXPECT_EQ(run("mkdir", {{"path", path("d")}, {"error", "EEXIST"}}), "");
    EXPECT_EQ(run("write", {{"path", path("d/f")}, {"size", "100000"}, {"sync", "true"}}), "");
    EXPECT_EQ(read_file(path("d/f"))->size(), 100000U);
    EXPECT_EQ(run("rename", {{"from", path("d/f")}, {"to", path("d/g")}}), "");
    EXPECT_EQ(run("remove", {{"path", path("d/f")}, {"error", "ENOENT"}}), "");
    EXPECT_EQ(run("remove", {{"path", path("d/g")}}), "");
    EXPECT_EQ(run("remove", {{"path", path("d")}, {"folder", "true"}}), "");
    EXPECT_NE(run("write", {{"path", path("x")}, {"size", "99999999999"}}), "");
}

TEST_F(StimuliTest, StartsAndSignalsProcesses) {
    EXPECT_EQ(run("exec", {{"path", path("program")}, {"args", "a b"}}), "");
    EXPECT_EQ(run("exec", {{"path", path("absent")}, {"error", "ENOENT"}}), "");
    EXPECT_EQ(run("fork", {{"status", "7"}, {"repeat", "3"}}), "");
    EXPECT_EQ(run("signal", {{"signal", "SIGUSR1"}}), "");
    EXPECT_EQ(run("signal", {{"signal", "TERM"}, {"to", "999999999"}, {"error", "ESRCH"}}), "");
    EXPECT_NE(run("signal", {{"signal", "SIGNONE"}}), "");
    EXPECT_NE(run("signal", {{"signal", "TERM"}, {"to", "me"}}), "");
    EXPECT_NE(run("fork", {{"repeat", "many"}}), "");
}

TEST_F(StimuliTest, TalksOverTheNetwork) {
    EXPECT_EQ(run("tcp", {{"port", "40971"}}), "");
    EXPECT_EQ(run("tcp", {{"port", "40972"}, {"error", "ECONNREFUSED"}}), "");
    EXPECT_EQ(run("udp", {{"port", "40973"}, {"bytes", "100"}}), "");
    EXPECT_EQ(run("bind", {{"port", "40974"}, {"protocol", "udp"}}), "");
    EXPECT_EQ(run("bind", {{"port", "40975"}, {"address", "192.0.2.77"}, {"error", "EADDRNOTAVAIL"}}), "");
    EXPECT_EQ(run("dns", {{"name", "gadget.example"}, {"port", "40976"}}), "");
    EXPECT_EQ(
        run("dns", {{"name", "no.example"}, {"port", "40977"}, {"type", "AAAA"}, {"answer", "NXDOMAIN"}}),
        "");
    if (missing_feature("ipv6").empty()) {
        EXPECT_EQ(run("tcp", {{"port", "40981"}, {"address", "::1"}}), "");
        EXPECT_EQ(run("udp", {{"port", "40982"}, {"address", "::1"}}), "");
        EXPECT_EQ(run("dns", {{"name", "gadget.example"}, {"port", "40983"}, {"address", "::1"}}), "");
        EXPECT_EQ(run("bind", {{"port", "40984"}, {"address", "::1"}}), "");
    }
    EXPECT_NE(run("tcp", {{"port", "99999"}}), "");
    EXPECT_NE(run("tcp", {{"port", "1"}, {"address", "here"}}), "");
    EXPECT_NE(run("dns", {{"name", "a..b"}, {"port", "40978"}}), "");
}

TEST_F(StimuliTest, WaitsAllocatesLocksAndGreets) {
    EXPECT_EQ(run("wait", {{"ms", "1"}}), "");
    EXPECT_NE(run("wait", {{"ms", "long"}}), "");
    EXPECT_EQ(run("malloc", {{"size", "1000000"}}), "");
    EXPECT_NE(run("malloc", {{"size", "99999999999"}}), "");
    EXPECT_EQ(run("mutex", {{"ms", "5"}}), "");
    EXPECT_EQ(run("tls", {{"name", "gadget.example"}, {"port", "40979"}}), "");
    EXPECT_NE(run("tls", {{"name", ""}, {"port", "40980"}}), "");
}

TEST_F(StimuliTest, PassesProbes) {
    EXPECT_EQ(run("uprobe", {{"argument", "7"}}), "");
    EXPECT_EQ(run("usdt", {}), "");
    EXPECT_NE(run("uprobe", {{"argument", "x"}}), "");
    EXPECT_NE(run("block", {{"size", "100"}}), "") << "no whole block";
}

TEST(Names, AreTranslatedToNumbers) {
    EXPECT_EQ(errno_number("ENOENT"), ENOENT);
    EXPECT_EQ(errno_number("ENOTHING"), std::nullopt);
    EXPECT_EQ(signal_number("SIGKILL"), SIGKILL);
    EXPECT_EQ(signal_number("KILL"), SIGKILL);
    EXPECT_EQ(signal_number("9"), std::nullopt);
}

TEST(KernelLog, KnowsAProblemWhenItSeesOne) {
    for (const char* bad :
         {"BUG: unable to handle page fault", "WARNING: CPU: 0 PID: 1 at x.c:1",
          "watchdog: BUG: soft lockup - CPU#0", "rcu: INFO: rcu_sched self-detected stall on CPU",
          "Out of memory: Killed process 12 (x)", "WARNING: kernel/x.c:1 at f+0x0/0x10, CPU#0: y/1"}) {
        EXPECT_TRUE(is_kernel_problem(bad)) << bad;
    }
    for (const char* good : {"", "random: crng init done", "reboot: Power down", "DEBUG: x"})
        EXPECT_FALSE(is_kernel_problem(good)) << good;
}

}  // namespace
}  // namespace gadget::testkit::guest
