// SPDX-License-Identifier: Apache-2.0
// gadget run with sources other than tracers, recordings, and the options about rows.
#include <unistd.h>

#include <algorithm>

#include "command.h"

namespace gadget::tests {
namespace {

std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// No run may hang.
std::vector<std::string> with_timeout(std::vector<std::string> words) {
    if (std::find(words.begin(), words.end(), "--timeout") == words.end())
        words.insert(words.end(), {"--timeout", "30"});
    return words;
}

/// top_process has no program: it runs on every kernel and without root.
class MetadataGadget : public CommandTest {
  protected:
    void SetUp() override {
        const auto built = gadget({"build", (repository() / "gadgets/top_process").string(), "-t", "top"});
        ASSERT_EQ(built.status, 0) << built.err;
    }
    Outcome top(std::vector<std::string> words) const {
        words.insert(words.begin(), {"run", "top", "--interval", "50ms"});
        return gadget_run(with_timeout(std::move(words)));
    }
};

TEST_F(MetadataGadget, ShowsAnArrayOfRowsOnALine) {
    const auto result = top({"-o", "json", "--filter", "pid==1", "--count", "2"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(lines(result.out), 2U) << result.out;
    EXPECT_TRUE(result.out.starts_with("[{\"comm\":")) << result.out;
    EXPECT_NE(result.out.find("\"pid\":1,"), std::string::npos) << result.out;
}

TEST_F(MetadataGadget, SortsCutsAndChoosesFields) {
    const auto result = top(
        {"--detail", "cpu", "--sort", "-pid", "--max-entries", "2", "--fields", "pid,comm", "--count", "2"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(lines(result.out), 3U) << result.out;
    const auto yaml = top({"-o", "yaml", "-E", "pid == 1 && comm != \"x\"", "--count", "1"});
    EXPECT_TRUE(yaml.out.starts_with("---\n")) << yaml.out << yaml.err;
}

TEST_F(MetadataGadget, CustomParametersAreListedAndChecked) {
    const auto help = gadget_run({"run", "top", "--help"});
    EXPECT_NE(help.out.find("--interval string"), std::string::npos) << help.out;
    EXPECT_NE(help.out.find("one of all, cpu or memory"), std::string::npos) << help.out;
    const auto wrong = top({"--detail", "everything"});
    EXPECT_EQ(wrong.status, 2) << wrong.err;
    EXPECT_NE(wrong.err.find("'everything' is not all, cpu or memory"), std::string::npos) << wrong.err;
}

TEST_F(MetadataGadget, ARecordingReplaysWithoutTheGadget) {
    const std::string file = (home() / "top.rec").string();
    const auto first =
        top({"-o", "json", "--sort", "pid", "--count", "1", "--max-entries", "5", "--record", file});
    ASSERT_EQ(first.status, 0) << first.err;
    const auto again = gadget_run({"run", "--replay", file, "-o", "json", "--max-entries", "1"});
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_TRUE(again.out.starts_with("[{\"comm\":")) << again.out;
    EXPECT_EQ(gadget_run({"run", "--replay", file, "--filter", "pid==1", "--count", "1"}).status, 0);
    const auto unknown = gadget_run({"run", "--replay", file, "--pid", "1"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_NE(unknown.err.find("--pid"), std::string::npos);
}

TEST_F(MetadataGadget, DamagedAndMissingRecordingsAreNamed) {
    const auto missing = gadget_run({"run", "--replay", (home() / "none").string()});
    EXPECT_NE(missing.status, 0);
    EXPECT_NE(missing.err.find("none"), std::string::npos) << missing.err;
    const auto file = folder("bad", {{"x.rec", "GKEVENTS\x01"}}) / "x.rec";
    const auto damaged = gadget_run({"run", "--replay", file.string()});
    EXPECT_NE(damaged.status, 0);
    EXPECT_NE(damaged.err.find("recording"), std::string::npos) << damaged.err;
}

TEST_F(MetadataGadget, AFullDiskIsAnErrorOfTheRecording) {
    const auto result = top({"-o", "none", "--count", "1", "--record", "/dev/full"});
    EXPECT_EQ(result.status, 4) << result.err;
    EXPECT_NE(result.err.find("/dev/full"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("no space left"), std::string::npos) << result.err;
}

TEST_F(MetadataGadget, AFullDiskOnStandardOutputEndsTheRun) {
    for (const char* mode : {"json", "columns", "yaml"}) {
        const auto result = run({"sh", "-c", "exec \"$@\" > /dev/full", "sh", GADGET_RUN_EXECUTABLE, "run",
                                 "top", "--interval", "50ms", "-o", mode, "--timeout", "60"});
        EXPECT_EQ(result.status, 4) << mode << ": " << result.err;
        EXPECT_NE(result.err.find("no space left"), std::string::npos) << mode << ": " << result.err;
    }
}

TEST_F(MetadataGadget, ModesAndSourcesThatDoNotExistAreNamed) {
    const auto mode = top({"-o", "xml"});
    EXPECT_EQ(mode.status, 2) << mode.err;
    EXPECT_NE(mode.err.find("'xml'"), std::string::npos) << mode.err;
    const auto source = top({"-o", "open:json"});
    EXPECT_EQ(source.status, 2) << source.err;
    EXPECT_NE(source.err.find("the data sources are processes"), std::string::npos) << source.err;
    const auto filter = top({"--filter.open", "pid==1"});
    EXPECT_NE(filter.status, 0);
    EXPECT_NE(filter.err.find("no data source 'open'"), std::string::npos) << filter.err;
    const auto capture = top({"-o", "pcap-ng", "--timeout", "1"});
    EXPECT_NE(capture.err.find("has no 'pcap-ng' output"), std::string::npos) << capture.err;
}

/// The gadgets of the repository, one for each kind of source, on this kernel.
class RepositoryGadget : public CommandTest {
  protected:
    void SetUp() override {
        if (!may_use_bpf()) GTEST_SKIP() << "missing: permission for BPF on this kernel";
    }
    Outcome run_gadget(const std::string& name, std::vector<std::string> words) const {
        words.insert(words.begin(), {"run", (repository() / "gadgets" / name).string()});
        return gadget(with_timeout(std::move(words)));
    }
};

TEST_F(RepositoryGadget, ATopperShowsWhatTheMapGathered) {
    const auto result =
        run_gadget("top_syscall", {"-o", "json", "--map-fetch-interval", "100ms", "--map-fetch-count", "3",
                                   "--sort", "-calls", "--max-entries", "4"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(lines(result.out), 3U) << result.out;
    for (const char* key : {"\"calls\":", "\"comm\":", "\"errors\":", "\"mntns_id\":", "\"pid\":",
                            "\"syscall\":\"SYS_", "\"syscall_raw\":", "\"time\":", "\"time_raw\":"})
        EXPECT_NE(result.out.find(key), std::string::npos) << key << result.out;
}

TEST_F(RepositoryGadget, AProfilerDrawsItsHistogram) {
    const auto result = run_gadget(
        "profile_runqlat", {"--map-fetch-interval", "200ms", "--map-fetch-count", "1", "--timeout", "2"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.out.find(": count    distribution"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("         0 -> 1          : "), std::string::npos) << result.out;
}

TEST_F(RepositoryGadget, ASnapshotEndsByItself) {
    const auto pid = std::to_string(::getpid());
    const auto result = run_gadget("snapshot_process", {"-o", "json", "--pid", pid});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(lines(result.out), 1U) << result.out;
    EXPECT_NE(result.out.find("\"pid\":" + pid + ","), std::string::npos) << result.out;
    const auto sockets = run_gadget("snapshot_socket", {"-o", "json", "--filter", "state==LISTEN"});
    EXPECT_EQ(sockets.status, 0) << sockets.err;
    EXPECT_TRUE(sockets.out.starts_with("[")) << sockets.out;
}

TEST_F(RepositoryGadget, ACaptureStartsWithItsHeaders) {
    const auto result = run_gadget("trace_packet", {"-o", "pcap-ng", "--timeout", "1"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(result.out.starts_with("\x0a\x0d\x0d\x0a")) << result.out.size();
}

}  // namespace
}  // namespace gadget::tests
