// SPDX-License-Identifier: Apache-2.0
// Input that cannot be built: one clear message, status 1 or 2, nothing left behind.
#include <functional>

#include "command.h"

namespace gadget::tests {
namespace {

namespace fs = std::filesystem;

struct BadInput {
    std::string name;
    int status;
    std::string message;                                 ///< a part of what is told
    std::function<void(const fs::path& folder)> change;  ///< from a good gadget to a bad one
    std::vector<std::string> words{};                    ///< on top of "build FOLDER"
};

void write(const fs::path& file, std::string_view text) {
    const auto written = write_file_atomic(file, text);
    if (!written) ADD_FAILURE() << written.error().to_string();
}

BadInput source(std::string name, std::string message, std::string text) {
    return {std::move(name), 1, std::move(message),
            [text](const fs::path& folder) { write(folder / "program.bpf.c", text); }};
}
BadInput config(std::string name, std::string message, std::string text) {
    return {std::move(name), 1, std::move(message),
            [text](const fs::path& folder) { write(folder / "build.yaml", text); }};
}

// Doubles 34 times.
std::string endless_expansion() {
    std::string text = "#define A0 ;\n";
    for (int i = 1; i <= 34; ++i) {
        const std::string below = " A" + std::to_string(i - 1);
        text += "#define A" + std::to_string(i) + below + below + "\n";
    }
    return text + "A34\n";
}

std::vector<BadInput> bad_inputs() {
    using namespace std::string_literals;
    std::vector<BadInput> inputs{
        source("EmptyFile", "is empty", ""),
        source("BinaryFile", "is not text", "int x;\0\1"s),
        source("Object", "is a compiled object", "\177ELF\2\1\1\0"s),
        source("IncludeOfNothing", "'nothing.h' file not found", "#include \"nothing.h\"\n"),
        source("IncludeOutsideOfTheTree", "is outside of the gadget's folder", "#include \"../outside.h\"\n"),
        source("AbsoluteInclude", "file not found", "#include \"/etc/passwd\"\n"),
        source("Crash", "the compiler crashed", "int x;\n#pragma clang __debug crash\n"),
        config("SyntaxOfBuildYaml", "build.yaml:", "defines: [\n"),
        config("UnknownKey", "unknown key 'definess'", "definess: []\n"),
        config("WrongType", "'defines' must be a list", "defines: A\n"),
        config("BuildYamlIsAList", "mapping", "- a\n- b\n"),
        config("NamedSourceIsMissing", "does not exist", "ebpfsource: other.bpf.c\n"),
        config("LinkedSourceIsMissing", "does not exist", "link: [other.bpf.c]\n"),
        config("IncludeFolderIsMissing", "include folder", "includes: [nowhere]\n"),
    };
    inputs.push_back(
        {"OptionThatIsNotAllowed", 2, "'-fplugin=x.so' is not allowed",
         [](const fs::path& folder) { write(folder / "build.yaml", "options: [-fplugin=x.so]\n"); }});
    inputs.push_back({"DirectoryAsSource", 1, "is a folder", [](const fs::path& folder) {
                          fs::remove(folder / "program.bpf.c");
                          fs::create_directory(folder / "program.bpf.c");
                      }});
    inputs.push_back({"HugeSource", 1, "is 105 MB", [](const fs::path& folder) {
                          fs::resize_file(folder / "program.bpf.c", std::uintmax_t{100} << 20);
                      }});
    inputs.push_back({"HugeHeader", 1, "is too large", [](const fs::path& folder) {
                          write(folder / "huge.h", "int x;\n");
                          fs::resize_file(folder / "huge.h", std::uintmax_t{100} << 20);
                          write(folder / "program.bpf.c", "#include \"huge.h\"\n");
                      }});
    inputs.push_back({"IncludeLoop", 1, "nested too deeply", [](const fs::path& folder) {
                          write(folder / "loop.h", "#include \"loop.h\"\n");
                          write(folder / "program.bpf.c", "#include \"loop.h\"\n");
                      }});
    inputs.push_back({"Hang",
                      1,
                      "within 1000 ms",
                      [](const fs::path& folder) { write(folder / "program.bpf.c", endless_expansion()); },
                      {"--compile-timeout", "1"}});
    inputs.push_back(
        {"BuildFileIsMissing", 2, "nowhere.yaml", [](const fs::path&) {}, {"-f", "nowhere.yaml"}});
    inputs.push_back(
        {"ClangIsMissing", 2, "'/no/clang' is not there", [](const fs::path&) {}, {"--clang", "/no/clang"}});
    inputs.push_back({"ClangIsNone", 2, "is no clang", [](const fs::path&) {}, {"--clang", "/bin/true"}});
    inputs.push_back({"EmitWithoutFolder", 2, "-o DIR", [](const fs::path&) {}, {"--emit", "skeleton"}});
    inputs.push_back({"EmitOfSomethingElse", 2, "tarball", [](const fs::path&) {}, {"--emit", "tarball"}});
    return inputs;
}

class BuildInput : public CommandTest, public testing::WithParamInterface<BadInput> {};

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}

TEST_P(BuildInput, IsRefusedWithOneMessageAndLeavesNothing) {
    const BadInput& input = GetParam();
    write(home() / "outside.h", "int outside;\n");
    const auto path = folder("gadget", {{"program.bpf.c", kTinyProgram}});
    input.change(path);
    const auto before = files_below(home());
    std::vector<std::string> words{"build", path.string()};
    words.insert(words.end(), input.words.begin(), input.words.end());
    const auto built = gadget(words);
    EXPECT_EQ(built.status, input.status) << built.err;
    EXPECT_NE(built.err.find(input.message), std::string::npos) << built.err;
    EXPECT_EQ(count(built.err, "error: "), 1U) << built.err;
    EXPECT_TRUE(built.out.empty()) << built.out;
    EXPECT_EQ(files_below(home()), before) << "something was left behind";
}

INSTANTIATE_TEST_SUITE_P(Bad, BuildInput, testing::ValuesIn(bad_inputs()),
                         [](const auto& tested) { return tested.param.name; });

class BuildPath : public CommandTest {};

TEST_F(BuildPath, ThatIsMissingOrAFileIsWrongUse) {
    const auto path = folder("gadget", {{"program.bpf.c", kTinyProgram}});
    for (const auto& wrong : {path / "program.bpf.c", path / "nowhere"}) {
        const auto built = gadget({"build", wrong.string()});
        EXPECT_EQ(built.status, 2);
        EXPECT_NE(built.err.find("is not a gadget folder"), std::string::npos) << built.err;
        EXPECT_EQ(count(built.err, "error: "), 1U) << built.err;
    }
}

}  // namespace
}  // namespace gadget::tests
