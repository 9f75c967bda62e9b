// SPDX-License-Identifier: Apache-2.0
// What build.yaml and the command line can ask of a build.
#include "command.h"

namespace gadget::tests {
namespace {

namespace fs = std::filesystem;

class BuildOption : public CommandTest {
  protected:
    static std::string text_of(const fs::path& file) {
        const auto text = read_text_file(file);
        if (!text) ADD_FAILURE() << text.error().to_string();
        return text ? *text : std::string();
    }
    static Bytes bytes_of(const fs::path& file) { return read_file(file).value_or(Bytes()); }
};

TEST_F(BuildOption, SettingsOfOneArchitectureComeOnTopOfThoseOfAll) {
    const auto path = folder("gadget", {{"program.bpf.c", R"(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <which.h>
#if COMMON != 1 || FROM_COMMAND != 2 || defined(ARM) != defined(__TARGET_ARCH_arm64)
#error settings
#endif
#if defined(ARM) ? WHICH != 64 : WHICH != 32
#error includes
#endif
SEC("kprobe/x")
int program(void *ctx)
{
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
)"},
                                        {"build.yaml", R"(defines: [COMMON=1]
warnings: [extra]
options: [-mcpu=v2]
arch:
  amd64: {includes: [other]}
  arm64: {defines: [ARM], includes: [arm], options: [-mcpu=v3, -fno-unroll-loops], warnings: [no-unused]}
)"}});
    (void)folder("gadget/arm", {{"which.h", "#define WHICH 64\n"}});
    (void)folder("gadget/other", {{"which.h", "#define WHICH 32\n"}});
    const auto out = home() / "out";
    const auto built = gadget({"build", path.string(), "-D", "FROM_COMMAND=2", "-o", out.string()});
    EXPECT_EQ(built.status, 0) << built.err;
    const std::string commands = text_of(out / "compile_commands.json");
    for (const char* word :
         {"\"-mcpu=v3\"", "\"-DARM\"", "\"-DFROM_COMMAND=2\"", "\"-Wno-unused\"", "/gadget/arm\""})
        EXPECT_NE(commands.find(word), std::string::npos) << word << " in " << commands;
}

TEST_F(BuildOption, SeveralSourcesBecomeOneObject) {
    std::string main = kTinyProgram;
    main.replace(main.find("event->tid ="), 12, "event->tid = more() +");
    main.insert(main.find("struct event {"), "int more(void);\n");
    const std::string more = R"(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
__u64 calls;
int more(void)
{
	calls++;
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
)";
    const auto path = folder("gadget", {{"program.bpf.c", main}, {"build.yaml", "link: [src/more.bpf.c]\n"}});
    (void)folder("gadget/src", {{"more.bpf.c", more}});
    const auto out = home() / "out";
    const auto built =
        gadget({"build", path.string(), "-o", out.string(), "--depfile", (out / "d").string()});
    ASSERT_EQ(built.status, 0) << built.err;
    const auto facts = gadget({"inspect", (out / "amd64.bpf.o").string()});
    EXPECT_NE(facts.out.find("on_switch"), std::string::npos) << facts.out << facts.err;
    EXPECT_NE(text_of(out / "d").find("src/more.bpf.c"), std::string::npos);

    const auto elsewhere = home() / "elsewhere/with a name";
    fs::create_directories(elsewhere.parent_path());
    fs::copy(path, elsewhere, fs::copy_options::recursive);
    EXPECT_EQ(gadget({"build", elsewhere.string()}).out, built.out) << "the same bytes in every folder";

    (void)folder("gadget/src", {{"more.bpf.c", kTinyProgram}});
    const auto twice = gadget({"build", path.string()});
    EXPECT_EQ(twice.status, 1);
    EXPECT_NE(twice.err.find("cannot link "), std::string::npos) << twice.err;
}

TEST_F(BuildOption, AFindingInALinkedSourceNamesIt) {
    const auto path =
        folder("gadget", {{"program.bpf.c", kTinyProgram}, {"build.yaml", "link: [src/more.bpf.c]\n"}});
    (void)folder("gadget/src", {{"more.bpf.c", "int x = ;\n"}});
    const auto built = gadget({"build", path.string()});
    EXPECT_EQ(built.status, 1);
    EXPECT_NE(built.err.find((path / "src/more.bpf.c").string() + ":1:9: error: "), std::string::npos)
        << built.err;
}

TEST_F(BuildOption, TheDependencyFileNamesAllThatTheImageIsMadeOf) {
    const auto path =
        folder("gadget", {{"program.bpf.c", std::string("#include \"mine.h\"\n") + kTinyProgram},
                          {"mine.h", "#pragma once\n"},
                          {"build.yaml", "{}\n"},
                          {"gadget.yaml", "name: tiny\n"}});
    const auto out = home() / "out";
    ASSERT_EQ(
        gadget({"build", path.string(), "-o", out.string(), "--depfile", (out / "image.d").string()}).status,
        0);
    const std::string text = text_of(out / "image.d");
    EXPECT_TRUE(text.starts_with((out / "image.oci.tar").string() + ":")) << text;
    for (const char* file : {"program.bpf.c", "mine.h", "gadget.yaml", "build.yaml"})
        EXPECT_NE(text.find((path / file).string()), std::string::npos) << file << " in " << text;
}

TEST_F(BuildOption, AnotherClangIsNamed) {
    if (run({"clang-19", "--version"}).status != 0) GTEST_SKIP() << "missing: clang-19";
    const auto path = folder("gadget", {{"program.bpf.c", kTinyProgram}});
    const auto out = home() / "out";
    const auto built = gadget({"build", path.string(), "--clang", "clang-19", "-o", out.string()});
    EXPECT_EQ(built.status, 0) << built.err;
    EXPECT_NE(built.err.find("compiling with clang-19 (clang 19."), std::string::npos) << built.err;
    EXPECT_FALSE(bytes_of(out / "arm64.bpf.o").empty());
}

TEST_F(BuildOption, AnOldClangIsRefusedInWords) {
    const auto path = folder(
        "gadget", {{"program.bpf.c", kTinyProgram}, {"clang", "#!/bin/sh\necho clang version 14.0.6\n"}});
    fs::permissions(path / "clang", fs::perms::owner_all);
    const auto built = gadget({"build", path.string(), "--clang", (path / "clang").string()});
    EXPECT_EQ(built.status, 3);
    EXPECT_NE(built.err.find("is clang 14.0.6, which is too old"), std::string::npos) << built.err;
}

TEST_F(BuildOption, DeletingTheCacheOnlyCostsTime) {
    const auto first = gadget({"build", trace_open()});
    fs::remove_all(home() / "cache");
    const auto second = gadget({"build", trace_open()});
    EXPECT_EQ(first.out, second.out);
    fs::remove_all(home() / "cache/objects");
    ASSERT_TRUE(write_file_atomic(home() / "cache/objects", "in the way"));
    EXPECT_EQ(gadget({"build", trace_open()}).out, first.out);
}

}  // namespace
}  // namespace gadget::tests
