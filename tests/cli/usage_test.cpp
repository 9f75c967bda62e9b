// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "command.h"

namespace gadget::tests {
namespace {

using Usage = CommandTest;

TEST_F(Usage, WrongWordsAreUsageErrorsWithASuggestion) {
    const auto unknown = gadget({"biuld"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_NE(unknown.err.find("did you mean 'build'?"), std::string::npos) << unknown.err;
    EXPECT_EQ(gadget({}).status, 2);
    EXPECT_EQ(gadget({"build"}).status, 2);
    EXPECT_EQ(gadget({"build", ".", "--arch", "mips"}).status, 2);
    EXPECT_EQ(gadget({"build", ".", "--format", "xml"}).status, 2);
    EXPECT_EQ(gadget({"build", ".", "--no-such-flag"}).status, 2);
    EXPECT_EQ(gadget({"run"}).status, 2);
    EXPECT_EQ(gadget({"test", trace_open(), "--kernel", "not a kernel"}).status, 2);
    EXPECT_EQ(gadget({"test", trace_open(), "--report", "xml=f"}).status, 2);
}

TEST_F(Usage, HelpGoesToStdoutWithExamples) {
    for (const auto* command : {"build", "validate", "inspect", "run", "test"}) {
        const auto help = gadget({command, "--help"});
        EXPECT_EQ(help.status, 0) << command;
        EXPECT_NE(help.out.find("Example"), std::string::npos) << command << help.out;
        EXPECT_TRUE(help.err.empty()) << help.err;
    }
}

TEST_F(Usage, VersionAndDoctorWork) {
    EXPECT_TRUE(gadget({"version"}).out.starts_with("gadget "));
    EXPECT_NE(gadget({"doctor"}).out.find("eBPF"), std::string::npos);
    EXPECT_TRUE(gadget({"doctor", "-o", "json"}).out.starts_with(R"({"version":1,"checks":[)"));
}

TEST_F(Usage, RunnerHasNoCompilerAndSaysSo) {
    const auto result = gadget_run({"run", trace_open()});
    EXPECT_EQ(result.status, 3);
    EXPECT_NE(result.err.find("gadget-run has no compiler"), std::string::npos) << result.err;
    EXPECT_EQ(gadget_run({"build", trace_open()}).status, 2);
}

TEST_F(Usage, FullStdoutIsAFailure) {
    const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    if (!full) GTEST_SKIP() << "missing: /dev/full";
    auto child = Subprocess::spawn({.argv = {GADGET_EXECUTABLE, "doctor"}, .fds = {{full.get(), 1}}});
    ASSERT_TRUE(child) << child.error().to_string();
    const auto status = child->wait(std::chrono::seconds(60));
    ASSERT_TRUE(status) << status.error().to_string();
    EXPECT_EQ(status->to_string(), "exit status 4");
}

TEST_F(Usage, TestsWithoutQemuNameThePackageOnce) {
    environment[0] = "PATH=" + folder("bin", {}).string();
    const auto result = gadget({"test", trace_open(), "--kernel", "6.1"});
    EXPECT_EQ(result.status, 3) << result.err;
    const auto first = result.err.find("qemu-system");
    ASSERT_NE(first, std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("\nerror", first), std::string::npos) << "told for each scenario\n"
                                                                    << result.err;
}

}  // namespace
}  // namespace gadget::tests
