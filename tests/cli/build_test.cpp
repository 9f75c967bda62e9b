// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <sys/mount.h>
#include <unistd.h>

namespace gadget::tests {
namespace {

using BuildCommand = CommandTest;

TEST_F(BuildCommand, MakesObjectsTarAndCompileCommands) {
    const auto out = home() / "out";
    const auto built = gadget({"build", trace_open(), "-t", "me/trace_open:v1", "-o", out.string()});
    ASSERT_EQ(built.status, 0) << built.err;
    EXPECT_NE(built.out.find("ghcr.io/me/trace_open:v1 sha256:"), std::string::npos) << built.out;
    EXPECT_EQ(files_below(out), (std::vector<std::string>{"amd64.bpf.o", "arm64.bpf.o",
                                                          "compile_commands.json", "image.oci.tar"}));
}

TEST_F(BuildCommand, SameSourceInTwoFoldersGivesTheSameDigest) {
    const auto first = folder("first", {{"program.bpf.c", kTinyProgram}, {"gadget.yaml", "name: tiny\n"}});
    const auto second =
        folder("elsewhere/a-longer-name", {{"program.bpf.c", kTinyProgram}, {"gadget.yaml", "name: tiny\n"}});
    const auto a = gadget({"build", first.string()});
    environment.push_back("TZ=Asia/Tokyo");
    const auto b = gadget({"build", second.string()});
    ASSERT_EQ(a.status, 0) << a.err;
    EXPECT_EQ(a.out, b.out);
    EXPECT_TRUE(a.out.starts_with("sha256:")) << a.out;
}

TEST_F(BuildCommand, CacheDoesNotChangeTheResult) {
    const auto cold = gadget({"build", trace_open()});
    const auto warm = gadget({"build", trace_open()});
    EXPECT_EQ(cold.status, 0);
    EXPECT_EQ(cold.out, warm.out);
}

TEST_F(BuildCommand, BrokenSourceIsShownAtItsLineAndNothingIsWritten) {
    std::string source = kTinyProgram;
    source.replace(source.find("event->tid ="), 12, "event->tidd =");
    const auto path = folder("broken", {{"program.bpf.c", source}});
    const auto out = home() / "out";
    const auto built = gadget({"build", path.string(), "-o", out.string()});
    EXPECT_EQ(built.status, 1);
    EXPECT_TRUE(built.out.empty()) << built.out;
    EXPECT_NE(built.err.find((path / "program.bpf.c").string() + ":23:9: error: "), std::string::npos)
        << built.err;
    EXPECT_NE(built.err.find("event->tidd"), std::string::npos) << built.err;
    EXPECT_EQ(built.err.find("hint:"), std::string::npos) << "the compiler has said what was meant\n"
                                                          << built.err;
    EXPECT_EQ(built.err.find("error: ", built.err.find("error: ") + 1), std::string::npos)
        << "told once, not for each architecture\n"
        << built.err;
    EXPECT_TRUE(files_below(out).empty());
    EXPECT_TRUE(files_below(home() / "store").empty());
}

TEST_F(BuildCommand, RuleViolationStopsTheBuildUnlessRulesAreOff) {
    const auto broken = (repository() / "tests/data/broken_gadget").string();
    EXPECT_EQ(gadget({"build", broken}).status, 1);
    EXPECT_EQ(gadget({"build", broken, "--no-validate"}).status, 0);
}

TEST_F(BuildCommand, FindingsAsJsonGoToStdout) {
    const auto built =
        gadget({"build", (repository() / "tests/data/broken_gadget").string(), "--format", "json"});
    EXPECT_EQ(built.status, 1);
    EXPECT_TRUE(built.out.starts_with(R"({"version":1,"findings":[{"id":)")) << built.out;
}

TEST_F(BuildCommand, StrictTurnsWarningsIntoErrors) {
    const auto path = folder("warn", {{"program.bpf.c", kTinyProgram}, {"gadget.yaml", "nam: tiny\n"}});
    EXPECT_EQ(gadget({"build", path.string()}).status, 0);
    EXPECT_EQ(gadget({"build", path.string(), "--strict"}).status, 1);
}

TEST_F(BuildCommand, MetadataAloneIsAGadgetToo) {
    const auto path = folder("meta", {{"gadget.yaml", "name: meta\n"}});
    EXPECT_EQ(gadget({"build", path.string(), "-t", "meta"}).status, 0);
}

TEST_F(BuildCommand, EmptyAndMissingFoldersAreNamed) {
    const auto empty = gadget({"build", folder("empty", {}).string()});
    EXPECT_EQ(empty.status, 1);
    EXPECT_NE(empty.err.find("neither program.bpf.c nor gadget.yaml"), std::string::npos) << empty.err;
    const auto missing = gadget({"build", "/no/such/folder"});
    EXPECT_EQ(missing.status, 2);
    EXPECT_NE(missing.err.find("'/no/such/folder' is not a gadget folder"), std::string::npos) << missing.err;
}

TEST_F(BuildCommand, UnknownBuildKeyIsRefusedWithASuggestion) {
    const auto path = folder("key", {{"program.bpf.c", kTinyProgram}, {"build.yaml", "ebpfsorce: x.c\n"}});
    const auto built = gadget({"build", path.string()});
    EXPECT_EQ(built.status, 1);
    EXPECT_NE(built.err.find("did you mean 'ebpfsource'?"), std::string::npos) << built.err;
}

TEST_F(BuildCommand, FullDiskIsTold) {
    const auto small = home() / "small";
    std::filesystem::create_directory(small);
    if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=16k") != 0)
        GTEST_SKIP() << "missing: permission to mount a small file system";
    environment.push_back("GADGET_STORE=" + (small / "store").string());
    std::erase_if(environment,
                  [&](const auto& entry) { return entry == "GADGET_STORE=" + (home() / "store").string(); });
    const auto built = gadget({"build", trace_open(), "-o", (small / "out").string()});
    EXPECT_EQ(built.status, 4);
    EXPECT_NE(built.err.find("no space left on device"), std::string::npos) << built.err;
    for (const auto& name : files_below(small)) EXPECT_EQ(name.find(".tmp"), std::string::npos) << name;
    (void)::umount(small.c_str());
}

TEST_F(BuildCommand, FixedEpochIsTheTimeOfTheImage) {
    environment.push_back("SOURCE_DATE_EPOCH=86400");
    ASSERT_EQ(gadget({"build", trace_open(), "-t", "t"}).status, 0);
    EXPECT_NE(gadget({"inspect", "t", "-o", "json"}).out.find("1970-01-02T00:00:00Z"), std::string::npos);
    environment.back() = "SOURCE_DATE_EPOCH=yesterday";
    EXPECT_NE(gadget({"build", trace_open()}).status, 0);
}

}  // namespace
}  // namespace gadget::tests
